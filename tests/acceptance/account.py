"""What was sent by the daemon's own record, held against what receivers heard.

- **Lost**: something that was owed is in no message that a receiver kept, and the record does not say where it went.
- **Doubled**: it is in two messages, each with an identity of its own.
- **Unexplained**: a receiver was sent the same message more often than failures and kills account for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.acceptance.receivers import Fate, Heard

_CLOCKS_S = 0.1  # what two clocks of one machine may differ by


@dataclass(frozen=True)
class Try:
    """An attempt, as the record has it."""

    outcome: str | None
    started_at: float
    ended_at: float


@dataclass(frozen=True)
class Message:
    """A delivery, as the record has it."""

    receiver: str
    identity: str
    alert_id: str
    state: str
    why: str | None = None
    told_by: str | None = None
    body: bytes = b""
    unlisted: int = 0  # that it says it has no room for
    tries: tuple[Try, ...] = ()


Query = Callable[[str], list[tuple[Any, ...]]]


def record(query: Query) -> tuple[tuple[Message, ...], dict[str, set[str]]]:
    """Read the messages of a database, and which alerts tell an article, by its title."""
    tries: defaultdict[int, list[Try]] = defaultdict(list)
    for delivery_id, outcome, started_at, ended_at in query(
        "SELECT delivery_id, outcome, started_at, ended_at FROM attempt ORDER BY id"
    ):
        tries[delivery_id].append(Try(outcome, _seconds(started_at), _seconds(ended_at)))
    messages = tuple(
        replace(Message(*facts), tries=tuple(tries[delivery_id]))
        for delivery_id, *facts in query(
            "SELECT delivery.id, receiver, message_id, alert_id, state, why, told_by, body, truncated "
            "FROM delivery JOIN alert ON alert.id = alert_id ORDER BY delivery.id"
        )
    )
    telling: defaultdict[str, set[str]] = defaultdict(set)
    for title, alert_id in query(
        "SELECT article.title, alert_id FROM alert_match JOIN match ON match.id = match_id "
        "JOIN article ON article.id = article_id"
    ):
        telling[title].add(alert_id)
    return messages, dict(telling)


def _seconds(instant: str | None) -> float:
    return float("inf") if instant is None else datetime.fromisoformat(instant).timestamp()


class Account:
    """What is to be said of a run.

    Args:
        messages: of the record.
        telling: the alerts that tell an article, by its title.
        heard: what receivers read, in any order.
        kills: when the daemon was killed, in Unix seconds.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        telling: Mapping[str, Collection[str]],
        heard: Sequence[Heard],
        kills: Sequence[float],
    ) -> None:
        self._messages = {message.identity: message for message in messages}
        self._of_alert = {(message.alert_id, message.receiver): message for message in messages}
        self._by_body = {(message.receiver, message.body): message for message in messages}
        self._telling = telling
        self._kills = kills
        self.strange: list[str] = []
        self._heard: defaultdict[str, list[Heard]] = defaultdict(list)
        for one in heard:
            message = self._message_of(one)
            if message is None:
                self.strange.append(f"{one.receiver} heard what was never written: {one.identity} {one.body[:200]!r}")
            else:
                self._heard[message.identity].append(one)

    def _message_of(self, heard: Heard) -> Message | None:
        """Return the message that was heard: the one of that identity and those very bytes (promise D3)."""
        message = self._by_body.get((heard.receiver, heard.body))
        return message if message is not None and heard.identity in {"", message.identity} else None

    # --- lost -------------------------------------------------------------------------------------------------------

    def lost(self, owed: Mapping[str, str], receivers: Sequence[str]) -> Iterator[str]:
        """Yield what is owed and did not arrive.

        Args:
            owed: a word that only messages on an article have, by the article's title.
            receivers: all of them are owed it.
        """
        for receiver in receivers:
            unlisted: Counter[Message] = Counter()
            for title, word in owed.items():
                ends = [end for alert_id in self._telling.get(title, ()) if (end := self._end(alert_id, receiver))]
                if not ends:
                    yield f"{receiver}: nothing was written on {title}"
                lost = [end for end in ends if self._is_lost(end)]
                yield from (f"{receiver}: {title} in {end.identity}, {end.state}" for end in lost)
                if not lost and not any(end.state == "held" or word in self._text(end) for end in ends):
                    unlisted.update(ends[:1])
            for end, count in unlisted.items():
                if count > end.unlisted:
                    yield f"{receiver}: {end.identity} leaves out {count} and says {end.unlisted}"

    def _end(self, alert_id: str, receiver: str) -> Message | None:
        """Return the message that tells a receiver of an alert: its own, or one that tells several, or None."""
        message = self._of_alert.get((alert_id, receiver))
        while message is not None and message.state == "grouped":
            message = self._of_alert.get((message.told_by or "", receiver))
        return message

    def _is_lost(self, message: Message) -> bool:
        is_kept = any(one.is_kept for one in self._heard[message.identity])
        return message.state != "held" and not (message.state == "sent" and is_kept)

    def _text(self, message: Message) -> str:
        return next((one.text for one in self._heard[message.identity] if one.is_kept), "")

    def _kept(self, receiver: str) -> Iterator[Heard]:
        """Yield each message that a receiver kept, once."""
        for identity, heard in self._heard.items():
            if self._messages[identity].receiver == receiver:
                yield from [one for one in heard if one.is_kept][:1]

    # --- doubled ----------------------------------------------------------------------------------------------------

    def doubled(self, owed: Mapping[str, str], receivers: Sequence[str], *, grown: Mapping[str, int]) -> Iterator[str]:
        """Yield what was told under two identities. A story that grew may be told again as often as it did.

        Args:
            owed: as of `lost`.
            receivers: who is looked at.
            grown: how often the story of an article grew, by title.
        """
        yield from self.strange
        for receiver in receivers:
            texts = [one.text for one in self._kept(receiver)]
            for title, word in owed.items():
                count = sum(word in text for text in texts)
                if count > 1 + grown.get(title, 0):
                    yield f"{receiver}: {count} messages on {title}"

    # --- repeated ---------------------------------------------------------------------------------------------------

    def unexplained(self) -> Iterator[str]:
        """Yield messages that were read more often than the record of their attempts says why."""
        for identity, heard in self._heard.items():
            tries = Counter(each.outcome for each in self._messages[identity].tries)
            fates = Counter(one.fate for one in heard)
            sent, failed, interrupted = tries["sent"], tries["retry"] + tries["failed"], tries["interrupted"]
            excess = max(
                fates[Fate.TAKEN] - sent - interrupted,  # whoever has the answer does not ask again (promise D4)
                fates[Fate.UNSAID] + fates[Fate.REFUSED] - failed - interrupted,
                len(heard) - sent - failed - interrupted,
            )
            if excess > 0:
                yield f"{self._messages[identity].receiver}: {identity}: {dict(fates)} with attempts {dict(tries)}"
            for each in self._messages[identity].tries:
                if each.outcome == "interrupted" and not self._was_killed(each):
                    yield f"{identity}: interrupted from {each.started_at} to {each.ended_at}, and nobody was killed"

    def _was_killed(self, each: Try) -> bool:
        return any(each.started_at - _CLOCKS_S <= kill <= each.ended_at for kill in self._kills)

    def figures(self) -> dict[str, int]:
        """Return what happened, counted."""
        tries = Counter(str(each.outcome) for message in self._messages.values() for each in message.tries)
        again = {
            "kept again": sum(max(0, sum(one.is_kept for one in heard) - 1) for heard in self._heard.values()),
            "kept again after an answer": sum(
                max(0, sum(one.fate is Fate.TAKEN for one in heard) - 1) for heard in self._heard.values()
            ),
        }
        states = Counter(message.state for message in self._messages.values())
        return {"messages": len(self._messages), **states, "attempts": tries.total(), **tries, **again}
