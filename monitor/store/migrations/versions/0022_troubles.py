"""Incidents of veille itself: they have no feed.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # As a batch, which makes the table anew: nothing points to it.
    with op.batch_alter_table("incident") as batch:
        batch.alter_column("feed_id", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("subject", sa.String(), nullable=True))
