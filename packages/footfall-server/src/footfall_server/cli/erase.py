"""`footfall-server erase`: asks through the metadata, so a running server does it; else it is done
here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from footfall_server.accounts import Accounts, Erasures, Receipt
from footfall_server.cli.serve import lock
from footfall_server.ingest.values import clean_text
from footfall_server.model.errors import Unavailable
from footfall_server.privacy import PLACES, Marker
from footfall_server.services import open_services
from footfall_server.settings import Settings, SetupError, prepare, secret

_POLL_SECONDS = 0.2


def erase(
    settings: Settings, name: str, installs: Sequence[str], *, block: bool, timeout: float
) -> Receipt:
    """The receipt, once every copy is gone.

    Raises NotFound NO_SUCH_PROJECT, and Unavailable ERASE_WAITS when it isn't done in `timeout`
    seconds: it goes on then, as soon as a server runs.
    """
    prepare(settings)
    accounts = Accounts(settings.database_url)
    try:
        erasures, project = Erasures(accounts), accounts.project(name)
        marks = Marker(secret(settings)).marks(project.id, [clean_text(it) for it in installs])
        receipt = erasures.request(project.id, marks, PLACES, "cli", block)
        with _somebody_works(settings):
            return _finished(erasures, receipt, timeout)
    finally:
        accounts.close()


@contextmanager
def _somebody_works(settings: Settings) -> Iterator[None]:
    try:
        held = lock(settings)
    except SetupError as error:
        if error.code != "DATA_IN_USE":
            raise
        yield  # the server that has it looks for erasures every other second
        return
    with held:
        services = open_services(settings, settings.base_url or "")
        try:
            yield
        finally:
            services.close()


def _finished(erasures: Erasures, receipt: Receipt, timeout: float) -> Receipt:
    deadline = time.monotonic() + timeout
    while receipt.finished_at is None:
        if time.monotonic() > deadline:
            raise Unavailable(
                "ERASE_WAITS",
                f"The erasure {receipt.id} isn't done yet ({receipt.problem or receipt.state}): it"
                " goes on while a server runs.",
            )
        time.sleep(_POLL_SECONDS)
        receipt = erasures.get(receipt.id)
    return receipt
