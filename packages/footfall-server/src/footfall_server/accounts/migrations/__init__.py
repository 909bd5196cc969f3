"""The metadata's schema, one Alembic revision after another in `versions/`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

_LOCK = 0x666F6F74  # any number that no other program takes


def upgrade(engine: Engine) -> None:
    """Bring the schema to its newest revision; a no-op when it is there already.

    The server and the command line may both be the first to open a database: one of them waits.
    """
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
