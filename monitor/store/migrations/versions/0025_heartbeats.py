"""Heartbeats are none of the deliveries that people look at.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DELIVERIES_V = """
CREATE VIEW deliveries_v AS
SELECT d.id AS delivery_id,
       d.alert_id AS alert,
       al.type,
       al.reason AS notification_reason,
       d.receiver,
       d.channel,
       d.state,
       d.attempts,
       d.created_at,
       d.next_attempt_at,
       d.sent_at,
       d.last_reason,
       d.last_error,
       d.message_id,
       (SELECT a.title
        FROM alert_match am
        JOIN "match" m ON m.id = am.match_id
        JOIN article a ON a.id = m.article_id
        WHERE am.alert_id = d.alert_id
        ORDER BY m.score DESC, m.id LIMIT 1) AS title,
       (SELECT count(*) FROM alert_match am WHERE am.alert_id = d.alert_id) AS matches
FROM delivery d
JOIN alert al ON al.id = d.alert_id
WHERE al.type <> 'heartbeat'
"""


def upgrade() -> None:
    op.execute("DROP VIEW deliveries_v")
    op.execute(DELIVERIES_V)
