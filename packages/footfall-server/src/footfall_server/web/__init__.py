"""The pages: HTML that a maintainer reads, over the same insights as the API.

This room owns the routes `/`, `/p/{project}/…` and `/static/…`, their templates, styles and
scripts, who may see them (`gate`), and the state that a page keeps in its URL (`view`). It asks
`insights` and `accounts`, knows no SQL, and is imported by the server's assembly alone. Figures and
tables are plain HTML; charts, keys and live updates are added on top by `static/`, so every page
works without JavaScript.

Start reading at `application` (what is served) and `site` (what all pages share), then `overview`
(one page from its questions to its values) and `view` (the URL as state). `assets` serves files
under names that carry their content's hash; third-party scripts come from pinned packages, written
by the build hook `build_assets.py`.
"""

from footfall_server.web.application import pages

__all__ = ["pages"]
