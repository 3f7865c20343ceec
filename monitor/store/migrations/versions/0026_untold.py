"""An index that SQLite does take for messages that were given up and of which nobody was told.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_delivery_untold", "delivery")
    which = sa.text("state = 'failed' AND failure_told_at IS NULL")
    op.create_index("ix_delivery_untold", "delivery", ["failure_told_at"], sqlite_where=which)
