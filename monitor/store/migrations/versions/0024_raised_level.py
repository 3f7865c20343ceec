"""The level that a burst of newspapers raised a match to; null: it is told at the level that its rule gave.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("match", sa.Column("raised_level", sa.String(), nullable=True))
