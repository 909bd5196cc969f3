"""NannyML's own door for an extension, used to install Footfall from the environment.

At the end of its import NannyML tries to import a module of this name. This one installs Footfall
if `FOOTFALL_NANNYML_ENDPOINT` is set, and in any case refuses to be imported: for NannyML, and for
whoever else asks, there is no `nannyml_premium`, as before. A package of that name comes first
where both are installed (Python prefers a folder to a file), so none is ever hidden by this file.
"""

import os

if "FOOTFALL_NANNYML_ENDPOINT" in os.environ:
    from footfall_nannyml import install_from_environment

    install_from_environment()

raise ModuleNotFoundError("No module named 'nannyml_premium'", name="nannyml_premium")
