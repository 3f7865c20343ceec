"""A feed's learnt rhythm.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and entries point to it.
    op.add_column("feed", sa.Column("rhythm", sa.LargeBinary(), nullable=True))
