"""What a service calls a message, so that it can be changed.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("external_id", sa.String(), nullable=True))
    op.create_index("ix_alert_updates", "alert", ["updates"], sqlite_where=sa.text("updates IS NOT NULL"))
