"""The words for what receivers do not get, in French and English."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ENGLISH_UNDELIVERED", "FRENCH_UNDELIVERED", "UndeliveredWords"]


@dataclass(frozen=True, slots=True)
class UndeliveredWords:
    """For one and for several."""

    given_up: tuple[str, str]
    disabled: tuple[str, str]
    others: str  # takes `count`
    messages: tuple[str, str]  # take `count`, `since`
    gone: str
    failing: str  # takes `span`, `since`
    waiting: tuple[str, str, str]  # for none, one, several; take `count`
    to_replay: str  # takes `list`, `replay`
    to_enable: str  # takes `enable`


FRENCH_UNDELIVERED = UndeliveredWords(
    given_up=("Message non remis", "Messages non remis"),
    disabled=("Destinataire désactivé", "Destinataires désactivés"),
    others="{count} de plus",
    messages=(
        "un message abandonné, écrit le {since}",
        "{count} messages abandonnés, le plus ancien écrit le {since}",
    ),
    gone="n'existe plus (il répond 410)",
    failing="en panne depuis {span} ({since})",
    waiting=(
        "aucun message ne l'attend pour l'instant ; les prochains seront gardés",
        "un message l'attend, et sera gardé comme les prochains",
        "{count} messages l'attendent, et seront gardés comme les prochains",
    ),
    to_replay="voir pourquoi par {list}, corriger, puis renvoyer par {replay}",
    to_enable="corriger son adresse ou rétablir le service, puis {enable} ; tout ce qui l'attend partira",
)

ENGLISH_UNDELIVERED = UndeliveredWords(
    given_up=("Message not delivered", "Messages not delivered"),
    disabled=("Receiver disabled", "Receivers disabled"),
    others="{count} more",
    messages=(
        "one message given up, written on {since}",
        "{count} messages given up, the oldest written on {since}",
    ),
    gone="is no more (it answers 410)",
    failing="failing for {span} ({since})",
    waiting=(
        "no message waits for it yet; what comes is kept",
        "one message waits for it, and is kept like those to come",
        "{count} messages wait for it, and are kept like those to come",
    ),
    to_replay="see why with {list}, mend it, then send again with {replay}",
    to_enable="correct its address or mend the service, then {enable}; all that waits will leave",
)
