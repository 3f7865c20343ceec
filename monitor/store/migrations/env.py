"""What alembic runs; `monitor.store.migrate` gives the connection, inside a transaction."""

from alembic import context

from monitor.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
