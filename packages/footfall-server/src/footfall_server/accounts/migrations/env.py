"""Alembic's entry: run the revisions on the connection that `upgrade` hands in."""

from alembic import context

from footfall_server.accounts.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
