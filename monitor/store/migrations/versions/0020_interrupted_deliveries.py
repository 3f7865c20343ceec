"""How often in a row an attempt ended with the daemon: what that uses up is not the message's.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and others point to it.
    op.add_column("delivery", sa.Column("interrupted", sa.Integer(), nullable=False, server_default="0"))
