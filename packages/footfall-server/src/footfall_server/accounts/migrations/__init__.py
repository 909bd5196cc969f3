"""The metadata's schema, one Alembic revision after another in `versions/`."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DatabaseError

_LOCK = 0x666F6F74  # any number that no other program takes


def newest() -> str:
    """The revision that this version of the program works with: files are named by theirs."""
    return max(path.name for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))[:4]


def upgrade(engine: Engine) -> None:
    """Bring the schema to its newest revision; a no-op when it is there already.

    The server and the command line may both be the first to open a database: one of them waits.
    """
    if _current(engine) == newest():
        return
    # Half a second of imports that only a change of schema needs.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE" if sqlite else f"SELECT pg_advisory_lock({_LOCK})"
        )
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        except BaseException:
            if sqlite:
                connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            if not sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")
        if sqlite:
            connection.exec_driver_sql("COMMIT")


def revision(url: str) -> str | None:
    """The revision of the database at a URL, which stays as it is; None for an empty one.

    Raises SQLAlchemy's errors when it can't be opened.
    """
    engine = create_engine(url)
    try:
        engine.connect().close()
        return _current(engine)
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
