"""How Alembic reaches the database: on the engine that the services use."""

from alembic import context

from storage.accounts import Base
from storage.sql import tables
from storage.sql.engine import begin_migration, connect, write_options

engine = connect(context.config.attributes["url"])
with engine.connect() as connection:
    begin_migration(connection)
    context.configure(
        connection=connection.execution_options(**write_options),
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        include_name=tables.is_described,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
