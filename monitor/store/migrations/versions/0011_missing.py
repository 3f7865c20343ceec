"""When an entry that was told left its feed early.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("entry", sa.Column("missing_at", Instant(), nullable=True))
