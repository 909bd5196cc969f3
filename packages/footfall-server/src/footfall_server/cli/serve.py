"""`footfall-server serve`: one process or several, until a signal stops them."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Literal

from footfall_server.cli.listening import listen, lock, url
from footfall_server.cli.opening import Opening
from footfall_server.cli.running import App, Running
from footfall_server.ingest.door import Door
from footfall_server.ingest.patience import Patience
from footfall_server.intake import Intake, Report, open_intake
from footfall_server.settings import Settings, SetupError, prepare, secret_key

Role = Literal["all", "ingest", "web"]
_WORKERS_END_SECONDS = 40.0  # a little more than a request may take to finish


def serve(settings: Settings, role: Role = "all", workers: int = 1) -> None:
    """Run until SIGINT or SIGTERM; then stop accepting, finish, carry on what is left, return.

    `role` all does everything; ingest takes events in, into a journal of its own below the data
    directory; web has the store, empties every journal there, and answers API and pages. Raises
    SetupError with one clear line when it can't start; nothing is changed then.
    """
    if workers > 1 and role != "all":
        raise SetupError(
            "WORKERS_NEED_ALL",
            f"--workers goes with --role all, not with {role}: start several servers with "
            "--role ingest instead.",
        )
    prepare(settings)
    if role == "ingest":
        _ingest(settings)
        return
    with lock(settings):
        if workers > 1:
            _several(settings, workers)
        else:
            _one(settings, role)


def _ingest(settings: Settings) -> None:
    from footfall_server.cli.collector import collect_alone
    from footfall_server.cli.logs import configure

    configure()
    (listener,) = listen(settings.host, settings.port)
    collect_alone(settings, listener, lambda: _announce(url(settings.host, listener)))


def _one(settings: Settings, role: Role) -> None:
    """Door and store in one process."""
    (listener,) = listen(settings.host, settings.port)
    address = url(settings.host, listener)

    def application(intake: Intake, opening: Opening) -> App:
        if role == "web":
            return opening
        patience = Patience(settings.idle_seconds, settings.request_seconds)
        return Door(intake.pipeline, opening, patience)

    _run(settings, address, [listener], application)


def _several(settings: Settings, count: int) -> None:
    """The doors in processes of their own; the store, API and pages in this one."""
    from footfall_server.cli import relay
    from footfall_server.cli.workers import Workers

    listeners = listen(settings.host, settings.port, count)
    address = url(settings.host, listeners[0])
    inside = relay.listen(settings.data)
    workers = Workers(settings, listeners)
    workers.start()
    try:
        _run(
            settings,
            address,
            [inside],
            lambda intake, opening: relay.Arrival(opening),
            elsewhere=workers.counted,
            finish=lambda: workers.stop(_WORKERS_END_SECONDS),
        )
    finally:
        workers.stop(_WORKERS_END_SECONDS)
        for listener in listeners:
            listener.close()


def _run(
    settings: Settings,
    address: str,
    sockets: list[socket.socket],
    application: Callable[[Intake, Opening], App],
    *,
    elsewhere: Callable[[], list[Report]] = list,
    finish: Callable[[], None] = lambda: None,
) -> None:
    """Serve on `sockets`; at the end `finish` what feeds the journals, then empty them."""
    intake = open_intake(
        settings.database_url,
        settings.journal,
        secret_key(settings),
        settings.salts,
        journal_bytes=settings.journal_bytes,
    )
    opening = Opening(settings, settings.base_url or address, intake, elsewhere)
    running = Running(
        application(intake, opening),
        sockets,
        head_seconds=settings.idle_seconds,
        on_stop=intake.pipeline.live.close,
    )
    opening.on_failure = running.stop
    try:
        (settings.data / "address").write_text(f"{address}\n")
        running.run(opening.open, lambda: _announce(address))
    finally:
        finish()
        for each in sockets:
            each.close()
        opening.close()
        intake.close()
    if opening.failure is not None:
        raise opening.failure


def _announce(address: str) -> None:
    print(f"Footfall is listening on {address}", flush=True)
