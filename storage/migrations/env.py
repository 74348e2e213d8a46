"""Run by Alembic; the connection comes from storage/migrate.py."""

from alembic import context

from storage.migrate import CONFIGURE
from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    **CONFIGURE,
)
with context.begin_transaction():
    context.run_migrations()
