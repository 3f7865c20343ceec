"""The first schema, and the views for people who open the log with a tool of their own.

Revision ID: 0001
Revises: none
"""

import sqlalchemy as sa
from alembic import op

from monitor.store.sql import Instant, Json

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MATCHES_V = """
CREATE VIEW matches_v AS
SELECT m.id AS match_id,
       (SELECT min(am.alert_id) FROM alert_match am WHERE am.match_id = m.id) AS alert,
       a.outlet,
       a.title,
       a.url,
       m.rule_id AS rule,
       m.rule_title,
       m.score,
       m.threshold,
       m.level,
       m.near_miss,
       EXISTS (SELECT 1 FROM alert_match am WHERE am.match_id = m.id) AS alerted,
       m.relevant,
       a.published_at,
       e.first_seen_at AS seen_at,
       m.recorded_at AS matched_at,
       a.completeness,
       a.language,
       (SELECT group_concat(value, ', ') FROM json_each(a.entities)) AS entities,
       a.story_id AS story,
       f.url AS feed
FROM "match" m
JOIN article a ON a.id = m.article_id
JOIN entry e ON e.id = a.entry_id
JOIN feed f ON f.id = e.feed_id
"""

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
"""

# Whatever deletes rows, what was not delivered stays.
PENDING_STAYS = """
CREATE TRIGGER delivery_pending_stays BEFORE DELETE ON delivery WHEN OLD.state = 'pending'
BEGIN
    SELECT RAISE(ABORT, 'a pending delivery is never deleted');
END
"""


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("planned_at", Instant(), nullable=False),
        sa.Column("receivers", Json(), nullable=False),
        sa.Column("latency_s", Json(), nullable=False),
        sa.Column("truncated", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("beat_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
    )
    op.create_table(
        "host",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("next_due_at", Instant(), nullable=True),
        sa.Column("not_before", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_host")),
        sa.UniqueConstraint("name", name=op.f("uq_host_name")),
    )
    with op.batch_alter_table("host", schema=None) as batch_op:
        batch_op.create_index("ix_host_lane_next_due_at", ["lane", "next_due_at", "lease_until"], unique=False)
        batch_op.create_index(
            "ix_host_lease_until", ["lease_until"], unique=False, sqlite_where=sa.text("lease_until IS NOT NULL")
        )
        batch_op.create_index("ix_host_next_due_at", ["next_due_at", "lease_until"], unique=False)

    op.create_table(
        "story",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("sources", Json(), nullable=False),
        sa.Column("truncated", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("receiver", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("last_reason", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_delivery_alert_id_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("alert_id", "receiver", name=op.f("uq_delivery_alert_id_receiver")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delivery_queue",
            ["receiver", "id", "next_attempt_at", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index("ix_delivery_state", ["state", "created_at"], unique=False)

    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("host_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("outlet", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("section", sa.String(), nullable=True),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("own_title", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("etag", sa.String(), nullable=True),
        sa.Column("last_modified", sa.String(), nullable=True),
        sa.Column("body_sha256", sa.String(), nullable=True),
        sa.Column("is_heavy", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("baseline_at", Instant(), nullable=True),
        sa.Column("next_due_at", Instant(), nullable=True),
        sa.Column("last_polled_at", Instant(), nullable=True),
        sa.Column("last_ok_at", Instant(), nullable=True),
        sa.Column("interval_s", sa.Float(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_reason", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("moved_to", sa.String(), nullable=True),
        sa.Column("moved_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["host_id"], ["host.id"], name=op.f("fk_feed_host_id_host")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("url", name=op.f("uq_feed_url")),
    )
    with op.batch_alter_table("feed", schema=None) as batch_op:
        batch_op.create_index("ix_feed_host_id_status_next_due_at", ["host_id", "status", "next_due_at"], unique=False)
        batch_op.create_index("ix_feed_status", ["status", "failures"], unique=False)

    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("refused", Json(), nullable=True),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id_delivery")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_delivery_id", ["delivery_id"], unique=False)

    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("main_key", sa.String(), nullable=True),
        sa.Column("link_key", sa.String(), nullable=True),
        sa.Column("guid", sa.String(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("authors", Json(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.Column("same_as", sa.Integer(), nullable=True),
        sa.Column("page_host", sa.String(), nullable=False),
        sa.Column("sort_at", Instant(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("host_is_slow", sa.Boolean(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=True),
        sa.Column("postponed_at", Instant(), nullable=True),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("last_reason", sa.String(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("withheld", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feed.id"], name=op.f("fk_entry_feed_id_feed")),
        sa.ForeignKeyConstraint(["same_as"], ["entry.id"], name=op.f("fk_entry_same_as_entry")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index("ix_entry_feed_id_main_key", ["feed_id", "main_key", "state"], unique=False)
        batch_op.create_index(
            "ix_entry_queue",
            ["lane", "baseline", "turn", sa.text("sort_at DESC"), "next_attempt_at", "lease_until", "page_host"],
            unique=False,
            sqlite_where=sa.text("state = 'to_read'"),
        )
        batch_op.create_index(
            "ix_entry_page_host", ["page_host", "host_is_slow"], unique=False, sqlite_where=sa.text("state = 'to_read'")
        )
        batch_op.create_index(
            "ix_entry_lease_until", ["lease_until"], unique=False, sqlite_where=sa.text("lease_until IS NOT NULL")
        )
        batch_op.create_index(
            "ix_entry_link_key", ["link_key"], unique=False, sqlite_where=sa.text("link_key IS NOT NULL")
        )

    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("authors", Json(), nullable=False),
        sa.Column("completeness", sa.String(), nullable=False),
        sa.Column("extractor", sa.String(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("outlet", sa.String(), nullable=False),
        sa.Column("wire", sa.String(), nullable=True),
        sa.Column("reserved", sa.Boolean(), nullable=False),
        sa.Column("page_reason", sa.String(), nullable=True),
        sa.Column("page_error", sa.String(), nullable=True),
        sa.Column("entities", Json(), nullable=False),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_article_entry_id_entry")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_article_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_article_entry_id")),
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index("ix_article_story_id", ["story_id"], unique=False)
        batch_op.create_index("ix_article_text_sha256", ["text_sha256"], unique=False)

    op.create_table(
        "match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("rule_title", sa.String(), nullable=False),
        sa.Column("rule_level", sa.String(), nullable=False),
        sa.Column("rule_status", sa.String(), nullable=False),
        sa.Column("labels", Json(), nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("condition", sa.Boolean(), nullable=False),
        sa.Column("in_scope", sa.Boolean(), nullable=False),
        sa.Column("near_miss", sa.Boolean(), nullable=False),
        sa.Column("gate", Json(), nullable=True),
        sa.Column("contributions", Json(), nullable=False),
        sa.Column("evidence", Json(), nullable=False),
        sa.Column("snippets", Json(), nullable=False),
        sa.Column("masks", Json(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("extractor", sa.String(), nullable=False),
        sa.Column("recap", sa.String(), nullable=True),
        sa.Column("relevant", sa.Boolean(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name=op.f("fk_match_article_id_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
        sa.UniqueConstraint("article_id", "rule_id", name=op.f("uq_match_article_id_rule_id")),
    )
    with op.batch_alter_table("match", schema=None) as batch_op:
        batch_op.create_index("ix_match_recap", ["score"], unique=False, sqlite_where=sa.text("recap = 'pending'"))
        batch_op.create_index("ix_match_rule_id", ["rule_id"], unique=False)

    op.create_table(
        "alert_match",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("match_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_match_alert_id_alert")),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_alert_match_match_id_match")),
        sa.PrimaryKeyConstraint("alert_id", "match_id", name=op.f("pk_alert_match")),
    )
    with op.batch_alter_table("alert_match", schema=None) as batch_op:
        batch_op.create_index("ix_alert_match_match_id", ["match_id"], unique=False)

    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("match_id", sa.Integer(), nullable=False),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.Column("labelled_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"], name=op.f("fk_label_match_id_match")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
    )
    with op.batch_alter_table("label", schema=None) as batch_op:
        batch_op.create_index("ix_label_match_id", ["match_id"], unique=False)

    op.execute(MATCHES_V)
    op.execute(DELIVERIES_V)
    op.execute(PENDING_STAYS)
