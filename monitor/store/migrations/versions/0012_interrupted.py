"""How often the reading of an entry ended with the daemon.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("entry", sa.Column("interrupted", sa.Integer(), server_default="0", nullable=False))
