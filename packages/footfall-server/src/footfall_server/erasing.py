"""Ask for an erasure, as every way in does: the API, the pages, who has the install."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool

from footfall_server.accounts import Receipt
from footfall_server.ingest.values import clean_text
from footfall_server.model.errors import Unprocessable
from footfall_server.services import Services

_LONGEST_INSTALL = 32 * 1024


async def request_erasure(
    services: Services, project: int, installs: Sequence[str], origin: str, block: bool
) -> Receipt:
    """A receipt, which is durable, for the erasure of what these installs sent.

    `origin`: who asked (user, api, page); `block`: refuse what they send from now on. Raises
    Unprocessable (NO_INSTALL, TOO_MANY_INSTALLS) and TooMany TOO_MANY_ERASURES.
    """
    # As the door writes them down, which replaces what no database can hold.
    cleaned = [clean_text(install) for install in installs]
    if not all(1 <= len(install) <= _LONGEST_INSTALL for install in cleaned):
        raise Unprocessable("NO_INSTALL", "An install id is a text that isn't empty.")
    identity = services.policies(project).privacy.identity
    if identity == "daily":  # of today; what earlier days kept, nobody can tell any more
        rekey = services.salts(project, identity, services.clock())
        cleaned = [*cleaned, *[rekey(install) for install in cleaned]]
    return await run_in_threadpool(
        lambda: services.eraser.request(project, cleaned, origin=origin, block=block)
    )
