"""`footfall-server serve`: one process or several, until a signal stops them."""

from __future__ import annotations

from footfall_server.cli.listening import listen, lock, url
from footfall_server.cli.opening import Opening
from footfall_server.cli.running import Running
from footfall_server.ingest.door import Door
from footfall_server.ingest.patience import Patience
from footfall_server.intake import open_intake
from footfall_server.settings import Settings, prepare, secret_key


def serve(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM; then stop accepting, finish, carry on what is left, return.

    Raises SetupError with one clear line when it can't start; nothing is changed then.
    """
    prepare(settings)
    with lock(settings):
        (listener,) = listen(settings.host, settings.port)
        address = url(settings.host, listener)
        intake = open_intake(
            settings.database_url,
            settings.journal,
            secret_key(settings),
            settings.salts,
            journal_bytes=settings.journal_bytes,
        )
        opening = Opening(settings, settings.base_url or address, intake)
        patience = Patience(settings.idle_seconds, settings.request_seconds)
        running = Running(
            Door(intake.pipeline, opening, patience),
            [listener],
            head_seconds=settings.idle_seconds,
            on_stop=intake.pipeline.live.close,
        )
        opening.on_failure = running.stop
        try:
            (settings.data / "address").write_text(f"{address}\n")
            running.run(opening.open, lambda: _announce(address))
        finally:
            listener.close()
            opening.close()
            intake.close()
        if opening.failure is not None:
            raise opening.failure


def _announce(address: str) -> None:
    print(f"Footfall is listening on {address}", flush=True)
