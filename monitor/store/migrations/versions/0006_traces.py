"""What a feed's last document held.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and entries point to it.
    op.add_column("feed", sa.Column("traces", sa.LargeBinary(), nullable=True))
