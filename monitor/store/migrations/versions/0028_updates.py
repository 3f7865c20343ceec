"""A message knows the alert that its receiver was told first on the same story and rule.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_FILL = "UPDATE delivery SET updates = (SELECT updates FROM alert WHERE alert.id = delivery.alert_id)"


def upgrade() -> None:
    """Add the column, with what the alerts of the messages update."""
    op.add_column("delivery", sa.Column("updates", sa.String(), nullable=True))
    op.create_index(
        "ix_delivery_updates", "delivery", ["updates", "receiver"], sqlite_where=sa.text("updates IS NOT NULL")
    )
    op.execute(sa.text(_FILL))
