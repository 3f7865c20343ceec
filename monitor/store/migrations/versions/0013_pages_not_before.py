"""How long the pages of a host are left alone.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("host", sa.Column("pages_not_before", Instant(), nullable=True))
