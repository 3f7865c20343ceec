"""Slack: an incoming webhook and Block Kit.

An incoming webhook cannot hear a button, so the message prints its reference and the command that judges it.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

from monitor.changes import Kind
from monitor.deliver.incidents import error_of, headline, sentences, source_name, subject, to_do
from monitor.deliver.means import Endpoint, endpoint_at, url_of
from monitor.deliver.pace import Pace
from monitor.deliver.posting import post
from monitor.deliver.text import line, marked, quotes, safe_url
from monitor.deliver.words import EMOJI, level_of
from monitor.model import AlertType, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from rules.types import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.changes import Piece
    from monitor.deliver.means import Means
    from monitor.deliver.words import Words
    from monitor.http import HttpClient, HttpResponse
    from monitor.model import Alert, Delivery, Incident, Receipt, Refusal, Story, StorySource, Update
    from monitor.receivers import Receiver
    from monitor.settings import Settings
    from rules.types import Match, Snippet

__all__ = ["KIND", "MAX_CHARS", "SlackSender", "endpoint", "escape", "make"]

MAX_CHARS = 13_000
"""A whole message; Slack answers `msg_blocks_too_long` a little above (promise O2)."""

# `&` takes five characters once escaped: 5 × 250 + 1,200 stay under the 3,000 of a section; so does an incident.
_TITLE_CHARS = 250
_NAME_CHARS = 80
_ERROR_CHARS = 160
_LINK_CHARS = 1200
_RECAP_ROOM = MAX_CHARS - 1500  # for what is not an item

_RELOADS = {"reload": "`systemctl reload veille`", "signal": "`kill -HUP PID`"}

_SIGNS = {AlertType.SOURCE_RECOVERED: "✅", AlertType.SOURCE_GAP: "🕳️"}

_PASSING = frozenset({408, 425, 429})
_SLUG = re.compile(rb"[a-z][a-z_]{1,39}")

Block = dict[str, Any]


KIND = ChannelKind(
    Channel.SLACK,
    word="slack",
    summary="Block Kit messages to a Slack incoming webhook.",
    options=(Option("url", OptionType.SECRET, "The incoming webhook.", setting="slack_webhook_url"),),
    setting="slack_webhook_url",
)


def make(receiver: Receiver, means: Means) -> SlackSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: its address is impossible.
    """
    url = url_of(receiver, means.settings, "slack_webhook_url")
    return SlackSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=means.pace(url))


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    return endpoint_at(receiver, settings, "slack_webhook_url")


class SlackSender:
    """Posts Block Kit messages to an incoming webhook.

    Args:
        name: the receiver's name.
        url: the incoming webhook; a secret.
        words: the readers' language and time zone.
        client: what posts.
        deadline_s: for one attempt, in seconds.
        pace: shared by all who post to this webhook; one of its own unless given.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        words: Words,
        client: HttpClient,
        deadline_s: float = 20.0,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._words = words
        self._client = client
        self._deadline_s = deadline_s
        self._pace = pace or Pace()

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Slack keeps no identity
        """Return the message as JSON: blocks, and the plain text that notifications show."""
        text, blocks = _told(alert, self._words)
        message = {"text": text, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        return Rendered(
            json.dumps(message, ensure_ascii=False).encode(), content_type="application/json; charset=utf-8"
        )

    async def send(self, delivery: Delivery) -> Receipt:
        """Post once, at Slack's pace. What Slack refuses (4xx, save 408, 425 and 429) would be refused again.

        Raises:
            DeliveryError: not accepted.
        """
        await asyncio.sleep(self._pace.reserve(asyncio.get_running_loop().time()))
        return await post(
            self._client,
            self._url,
            who=self._name,
            content=delivery.rendered.body,
            headers={"content-type": delivery.rendered.content_type},
            deadline_s=self._deadline_s,
            judge=_judge,
        )


def escape(text: str) -> str:
    """Return a text in which `<!channel>` and `<url|label>` do nothing.

    >>> escape("<!channel> R&D")
    '&lt;!channel&gt; R&amp;D'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _judge(response: HttpResponse) -> tuple[bool, str]:
    """Return whether to try again, and Slack's word for it (`invalid_blocks`), never a text that could be anything."""
    refused = 400 <= response.status < 500 and response.status not in _PASSING  # noqa: PLR2004  the class 4xx
    word = response.body.strip()
    return not refused, word.decode() if _SLUG.fullmatch(word) else ""


def _told(alert: Alert, words: Words) -> tuple[str, list[Block]]:
    if alert.refusal is not None:
        return _refusal(alert, alert.refusal, words)
    if alert.incidents:
        return _incidents(alert, words)
    return (_recap if alert.type is AlertType.STORY_RECAP else _alert)(alert, words)


def _alert(alert: Alert, words: Words) -> tuple[str, list[Block]]:
    story, match = alert.stories[0], alert.matches[0]
    level = words.levels[level_of(match)]
    rule = line(match.rule.title, 150)
    stands = alert.update is None or alert.update.after.level is not None
    blocks = [
        _section(f"{EMOJI[level_of(match)]} *{level} · {escape(rule)}* · {words.happened(alert)}"),
        _section(f"{_headline(story)}\n{_source(story.sources[0], words)}"),
        *(_section("\n".join(told)) for told in [_updated(alert.update, words)] if told),
        *(_section("\n".join(quoted)) for quoted in [_quotes(match, words)] if quoted and stands),
        *([_section(_why(match, words))] if stands else []),
        _context(_footer(alert, words)),
    ]
    what = "" if alert.update is None else f"{words.happened(alert)}{words.colon} "
    return escape(f"[{level}] {rule} – {what}{line(story.title, _TITLE_CHARS)}"), blocks


def _updated(update: Update | None, words: Words) -> list[str]:
    """Return how title and level changed, a line each."""
    if update is None:
        return []
    told = ((words.title, _pieces(words.retitled(update))), (words.level, words.relevelled(update)))
    return [f"*{label}{words.colon}* {change}" for label, change in told if change]


def _pieces(pieces: Sequence[Piece]) -> str:
    """Return a difference: what went is struck out, what came is bold."""
    marks = {Kind.OLD: "~{}~", Kind.NEW: "*{}*", Kind.SAME: "{}"}
    return " ".join(marks[piece.kind].format(escape(piece.text)) for piece in pieces)


def _recap(alert: Alert, words: Words) -> tuple[str, list[Block]]:
    items = [
        f"{EMOJI[level_of(match)]} {_headline(story)}\n{_source(story.sources[0], words)}"
        f"\n{escape(line(match.rule.title, 150))}, {words.strength(match)}"
        for story, match in zip(alert.stories, alert.matches, strict=True)
    ]
    sections = _fitting([_section(item) for item in items])
    left_out = alert.truncated + len(items) - len(sections)
    more = [_context(words.recap_more.format(count=left_out, command="`veille matches`"))] if left_out else []
    header = {"type": "header", "text": {"type": "plain_text", "text": words.recap_intro, "emoji": False}}
    text = f"{words.recap_subject}{words.colon} {len(items) + alert.truncated}"
    return text, [header, *sections, *more, _context(alert.id)]


def _refusal(alert: Alert, refusal: Refusal, words: Words) -> tuple[str, list[Block]]:
    """Return what was wrong with a rule set, that the one before it goes on, and what to do."""
    title = words.reasons[alert.reason].capitalize()
    sections = _fitting([_section(_code(text)) for text in (refusal.error, *refusal.errors)])
    left_out = alert.truncated + 1 + len(refusal.errors) - len(sections)
    blocks = [
        _section(f"⚠️ *{title}* · {words.refused_live.format(count=refusal.rules_live)}"),
        *sections,
        *([_context(words.recap_more.format(count=left_out, command="`veille check`"))] if left_out else []),
        _section(f"*{words.to_do}{words.colon}* {words.refused_to_do.format(check='`veille check`', **_RELOADS)}"),
        _context(alert.id),
    ]
    return escape(f"{title}{words.colon} {line(words.refused_first(refusal), 150)}"), blocks


def _incidents(alert: Alert, words: Words) -> tuple[str, list[Block]]:
    """Return what happened to sources, and what to do."""
    sections = _fitting([_section(_incident(alert, incident, words)) for incident in alert.incidents])
    left_out = alert.truncated + len(alert.incidents) - len(sections)
    steps = [escape(step) for step in to_do(alert, words, "`{}`".format)]
    blocks = [
        _section(f"{_SIGNS.get(alert.type, '⚠️')} *{headline(alert, words)}*"),
        *sections,
        *([_context(words.recap_more.format(count=left_out, command="`veille feeds`"))] if left_out else []),
        *(_section(f"*{words.to_do}{words.colon}* {step}") for step in steps),
        _context(alert.id),
    ]
    return escape(subject(alert, words)), blocks


def _incident(alert: Alert, incident: Incident, words: Words) -> str:
    source, error, old_url = incident.source, error_of(incident), incident.old_url
    return "\n".join(
        (
            _titled(line(source_name(source), _NAME_CHARS) or source.host, source.address),
            *map(escape, sentences(alert, incident, words)),
            *([_code(error, _ERROR_CHARS)] if error else []),
            *([f"{words.sources.old_url}{words.colon} {_code(old_url, _ERROR_CHARS)}"] if old_url else []),
        )
    )


def _code(text: str, limit: int = 300) -> str:
    """Return a text as it stands in a file: `*` and `_` in it mean nothing to Slack."""
    told = line(text, limit).replace("`", "'")
    return f"`{escape(told) or '?'}`"


def _fitting(sections: Sequence[Block]) -> list[Block]:
    """Return the first sections that a message can hold."""
    kept: list[Block] = []
    room = _RECAP_ROOM
    for section in sections[:45]:
        room -= len(json.dumps(section, ensure_ascii=False)) + 2
        if room < 0:
            break
        kept.append(section)
    return kept


def _section(text: str) -> Block:
    """Return a section that Slack reads as it stands: verbatim, so that `@here` and `#salon` are words."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _headline(story: Story) -> str:
    return _titled(line(story.title, _TITLE_CHARS) or story.id, story.sources[0].url)


def _titled(title: str, url: str | None) -> str:
    """Return a title in bold, linked where there is an address that can be."""
    link, told = _link(safe_url(url) or ""), escape(title)
    return f"*<{link}|{told}>*" if 0 < len(link) <= _LINK_CHARS else f"*{told}*"


def _link(url: str) -> str:
    """Return an address in which nothing ends the link early."""
    return escape(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))


def _source(source: StorySource, words: Words) -> str:
    return " · ".join(
        (
            escape(line(source.outlet, 100)),
            words.short_date(source.published_at),
            words.completeness[source.completeness],
            words.agency(source),
        )
    )


def _quotes(match: Match, words: Words) -> list[str]:
    """Return the quotes, save the title's: it stands above."""
    return [
        f"> {words.quote(f'[…] {_bold(snippet)} […]')}"
        for snippet in quotes(match.snippets)
        if snippet.field is not Field.TITLE
    ]


def _bold(snippet: Snippet) -> str:
    return "".join(f"*{escape(part)}*" if bold else escape(part) for part, bold in marked(snippet))


def _why(match: Match, words: Words) -> str:
    seen = escape(words.seen(match))
    return f"*{words.why}{words.colon}* " + " · ".join(part for part in (seen, words.strength(match)) if part)


def _footer(alert: Alert, words: Words) -> str:
    told = (words.told_latency(alert.latency_s), words.referred(alert), f"`veille label {alert.id} {words.no}`")
    return " · ".join(part for part in told if part)
