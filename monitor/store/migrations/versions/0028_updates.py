"""A message knows the alert that its receiver was told first on the same story and rule, and which those are.

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

# Of several first alerts on a story and a rule each receiver has its own: the first that it was sent of them, but for
# what a silence held for. Where an update reached it first, that is an update of what the others were told.
# CROSS: else SQLite reads, for each message, all that its receiver was ever sent.
_FILL = """
UPDATE delivery SET updates = coalesce(
    (
        SELECT own.alert_id FROM alert_match AS told
        JOIN match ON match.id = told.match_id
        JOIN article ON article.id = match.article_id
        JOIN article AS beside ON beside.story_id = article.story_id
        JOIN match AS other ON other.article_id = beside.id AND other.rule_id = match.rule_id
        JOIN alert_match AS also ON also.match_id = other.id
        CROSS JOIN delivery AS own ON own.alert_id = also.alert_id AND own.receiver = delivery.receiver
        WHERE told.alert_id = delivery.alert_id AND own.id < delivery.id AND own.state <> 'silenced'
        ORDER BY own.id LIMIT 1
    ),
    (SELECT updates FROM alert WHERE alert.id = delivery.alert_id)
)
WHERE alert_id IN (SELECT id FROM alert WHERE updates IS NOT NULL)
"""

_FILL_SUBJECT = """
UPDATE delivery SET (story_id, rule_id) = (
    SELECT article.story_id, match.rule_id FROM alert_match AS told
    JOIN match ON match.id = told.match_id
    JOIN article ON article.id = match.article_id
    WHERE told.alert_id = delivery.alert_id LIMIT 1
)
WHERE alert_id IN (SELECT id FROM alert WHERE type = 'story.alert.updated')
"""


def upgrade() -> None:
    """Add the columns, with what the alerts of the messages update."""
    for name in ("updates", "story_id", "rule_id"):
        op.add_column("delivery", sa.Column(name, sa.String(), nullable=True))
    op.create_index(
        "ix_delivery_updates",
        "delivery",
        ["updates", "receiver", "story_id", "rule_id"],
        sqlite_where=sa.text("updates IS NOT NULL"),
    )
    op.execute(sa.text(_FILL))
    op.execute(sa.text(_FILL_SUBJECT))
