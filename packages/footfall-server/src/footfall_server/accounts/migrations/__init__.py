"""The metadata's schema, one Alembic revision after another in `versions/`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import DatabaseError

_LOCK = 0x666F6F74  # any number that no other program takes


def address(url: str) -> URL:
    """The URL for SQLAlchemy: PostgreSQL's own kind of address goes to its current driver."""
    made = make_url(url)
    old = made.drivername in ("postgres", "postgresql")
    return made.set(drivername="postgresql+psycopg") if old else made


def newest() -> str:
    """The revision that this version of the program works with: files are named by theirs."""
    return max(path.name for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))[:4]


def upgrade(engine: Engine) -> None:
    """Bring the schema to its newest revision; a no-op when it is there already.

    The server and the command line may both be the first to open a database: one of them waits.
    """
    if _current(engine) != newest():
        move(engine, "head")


def move(engine: Engine, target: str) -> None:
    """Bring the schema to a revision, up or down; `head` is the newest, `base` none."""
    # Half a second of imports that only a change of schema needs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    sqlite = engine.dialect.name == "sqlite"
    step = command.upgrade if target == "head" else command.downgrade
    if not sqlite:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            config.attributes["connection"] = connection
            step(config, target)
        return
    # Python's driver begins no transaction before a change of schema: so this one is begun by hand.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            config.attributes["connection"] = connection
            step(config, target)
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise
        connection.exec_driver_sql("COMMIT")


def revision(url: str) -> str | None:
    """The revision of the database at a URL, which stays as it is; None for an empty one.

    Raises SQLAlchemy's errors when it can't be opened.
    """
    engine = create_engine(address(url))
    try:
        return _current(engine) if inspect(engine).has_table("alembic_version") else None
    finally:
        engine.dispose()


def _current(engine: Engine) -> str | None:
    """The database's revision; None for one that is empty."""
    try:
        with engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError:
        return None
    return None if found is None else str(found)
