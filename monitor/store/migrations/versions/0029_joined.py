"""It is noted which matches an alert was made of, and which joined it as their story grew.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# Those that came after the alert, which another article's match was there for.
_FILL = """
UPDATE alert_match SET joined = 1 WHERE EXISTS (
    SELECT 1 FROM alert
    JOIN match ON match.id = alert_match.match_id AND match.recorded_at > alert.planned_at
    JOIN alert_match AS made_of ON made_of.alert_id = alert.id
    JOIN match AS first ON first.id = made_of.match_id
    WHERE alert.id = alert_match.alert_id
    AND first.article_id <> match.article_id AND first.recorded_at < match.recorded_at
)
"""


def upgrade() -> None:
    """Add the column, with what instants say of the past."""
    op.add_column("alert_match", sa.Column("joined", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.execute(sa.text(_FILL))
