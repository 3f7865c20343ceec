"""The account of a crash test sees what it is there to see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.acceptance.account import Account, Message, Try
from tests.acceptance.receivers import Fate, Heard

SENT = Try("sent", 100.0, 101.0)
INTERRUPTED = Try("interrupted", 90.0, 99.0)
RETRIED = Try("retry", 80.0, 81.0)
MESSAGE = Message("hook", "msg_1", "al_1", "sent", body=b"Le train dubiparuto", tries=(SENT,))
HEARD = Heard("hook", "msg_1", MESSAGE.body, Fate.TAKEN)
OWED = {"Le train": "dubiparuto"}
KILL = 95.0


def account(
    *heard: Heard, messages: tuple[Message, ...] = (MESSAGE,), kills: tuple[float, ...] = (KILL,)
) -> tuple[list[str], list[str], list[str]]:
    made = Account(messages, {"Le train": [message.alert_id for message in messages]}, heard, kills)
    return list(made.lost(OWED, ["hook"])), list(made.doubled(OWED, ["hook"], grown={})), list(made.unexplained())


def tried(*tries: Try) -> tuple[Message, ...]:
    return (replace(MESSAGE, tries=tries),)


def test_nothing_is_said_of_what_came_once() -> None:
    assert ([], [], []) == account(HEARD)


@pytest.mark.parametrize("heard", [(), (replace(HEARD, fate=Fate.REFUSED),)])
def test_what_nobody_kept_is_lost(heard: tuple[Heard, ...]) -> None:
    assert ["hook: Le train in msg_1, sent"] == account(*heard)[0]


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_what_is_not_sent_is_lost(state: str) -> None:
    assert [f"hook: Le train in msg_1, {state}"] == account(HEARD, messages=(replace(MESSAGE, state=state),))[0]


def test_what_was_never_written_is_lost() -> None:
    assert ["hook: nothing was written on Le train"] == account(messages=())[0]


def test_what_is_held_is_not_lost() -> None:
    assert [] == account(messages=(replace(MESSAGE, state="held"),))[0]


@pytest.mark.parametrize(("unlisted", "lost"), [(0, ["hook: msg_2 leaves out 1 and says 0"]), (1, [])])
def test_what_is_grouped_is_in_the_other_message_or_counted_by_it(unlisted: int, lost: list[str]) -> None:
    grouped = replace(MESSAGE, state="grouped", told_by="al_2")
    other = replace(MESSAGE, identity="msg_2", alert_id="al_2", body=b"37 sujets", unlisted=unlisted)

    assert lost == account(replace(HEARD, identity="msg_2", body=other.body), messages=(grouped, other))[0]


def test_one_article_in_two_messages_is_doubled() -> None:
    other = replace(MESSAGE, identity="msg_2", alert_id="al_2", body=b"Encore le train dubiparuto")
    heard = HEARD, replace(HEARD, identity="msg_2", body=other.body)

    assert ["hook: 2 messages on Le train"] == account(*heard, messages=(MESSAGE, other))[1]


@pytest.mark.parametrize("changed", [{"identity": "msg_2"}, {"body": b"Le train dubiparuto."}, {"receiver": "slack"}])
def test_another_identity_or_other_bytes_are_a_doubled_message(changed: dict[str, object]) -> None:
    [said] = account(HEARD, replace(HEARD, **changed))[1]  # type: ignore[arg-type]  # one field or another

    assert "heard what was never written" in said


@pytest.mark.parametrize(
    ("first", "tries"),
    [
        (Fate.TAKEN, (INTERRUPTED, SENT)),
        (Fate.UNSAID, (INTERRUPTED, SENT)),
        (Fate.UNSAID, (RETRIED, SENT)),
        (Fate.REFUSED, (RETRIED, SENT)),
    ],
)
def test_a_repeat_after_a_kill_or_a_failure_is_explained(first: Fate, tries: tuple[Try, ...]) -> None:
    assert [] == account(replace(HEARD, fate=first), HEARD, messages=tried(*tries))[2]


@pytest.mark.parametrize(
    ("first", "tries"),
    [(Fate.TAKEN, (SENT,)), (Fate.UNSAID, (SENT,)), (Fate.REFUSED, (SENT,)), (Fate.TAKEN, (RETRIED, SENT))],
)
def test_any_other_repeat_is_not(first: Fate, tries: tuple[Try, ...]) -> None:
    [said] = account(replace(HEARD, fate=first), HEARD, messages=tried(*tries))[2]

    assert said.startswith("hook: msg_1")


def test_an_attempt_that_no_kill_interrupted_is_not_explained() -> None:
    [said] = account(HEARD, messages=tried(INTERRUPTED, SENT), kills=(120.0,))[2]

    assert "nobody was killed" in said
