"""The words for what is wrong with veille itself, in French and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.model import Step, TroubleKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENGLISH_SYSTEM", "FRENCH_SYSTEM", "SystemWords"]


@dataclass(frozen=True, slots=True)
class SystemWords:
    """`told` takes `since`, `span`, `count`, `of`, `free`, `total`; `to_do` takes `commands`, by name."""

    titles: Mapping[TroubleKind, str]
    names: Mapping[TroubleKind, str]  # takes `subject`: what a trouble is of
    steps: Mapping[Step, str]
    troubled: str  # in several ways
    well_again: str
    told: Mapping[TroubleKind, str]
    given_up: str  # takes `count`: messages, where none waits
    never: str  # in place of `since`
    again: str  # takes `until`, `span`
    to_do: Mapping[TroubleKind, str]


FRENCH_SYSTEM = SystemWords(
    titles={
        TroubleKind.OUTBOX: "messages bloqués",
        TroubleKind.POLLING: "sources plus lues",
        TroubleKind.DISK: "disque presque plein",
        TroubleKind.CANARY: "article témoin perdu",
    },
    names={
        TroubleKind.OUTBOX: "destinataire {subject}",
        TroubleKind.POLLING: "lecture des sources",
        TroubleKind.DISK: "disque de la base",
        TroubleKind.CANARY: "{subject}",
    },
    steps={
        Step.READING: "lecture du flux",
        Step.EXTRACTING: "extraction de la page",
        Step.JUDGING: "jugement par les règles",
        Step.STORING: "écriture dans la base",
        Step.DELIVERING: "envoi à VEILLE_HEARTBEAT_URL",
    },
    troubled="veille en difficulté",
    well_again="veille rétablie",
    told={
        TroubleKind.OUTBOX: "messages en attente : {count} ; le plus ancien attend depuis {span} ({since})",
        TroubleKind.POLLING: "aucune lecture réussie depuis {span} ({since}) ; en panne ou en retard : {count} "
        "sur {of}",
        TroubleKind.DISK: "place libre : {free} Mo sur {total} Mo",
        TroubleKind.CANARY: "l'article témoin s'y perd depuis {span} ({since})",
    },
    given_up="messages abandonnés : {count} ; aucun n'est passé depuis",
    never="le début",
    again="rétabli le {until}, après {span}",
    to_do={
        TroubleKind.OUTBOX: "voir ce que le destinataire répond ({deliveries}), l'essayer ({test}) ; ce qui attend "
        "partira de lui-même, ce qui est abandonné par {replay}",
        TroubleKind.POLLING: "vérifier le réseau de la machine, puis {feeds}",
        TroubleKind.DISK: "faire de la place avant que le disque ne soit plein : plus rien ne serait lu ni alerté",
        TroubleKind.CANARY: "lire le journal ({journal}), redémarrer veille si cela dure : de vrais articles se "
        "perdent peut-être au même endroit",
    },
)

ENGLISH_SYSTEM = SystemWords(
    titles={
        TroubleKind.OUTBOX: "messages not getting through",
        TroubleKind.POLLING: "sources not read",
        TroubleKind.DISK: "disk nearly full",
        TroubleKind.CANARY: "canary lost",
    },
    names={
        TroubleKind.OUTBOX: "receiver {subject}",
        TroubleKind.POLLING: "reading of sources",
        TroubleKind.DISK: "disk of the database",
        TroubleKind.CANARY: "{subject}",
    },
    steps={
        Step.READING: "reading of the feed",
        Step.EXTRACTING: "extraction of the page",
        Step.JUDGING: "judging by the rules",
        Step.STORING: "writing to the database",
        Step.DELIVERING: "sending to VEILLE_HEARTBEAT_URL",
    },
    troubled="veille in trouble",
    well_again="veille recovered",
    told={
        TroubleKind.OUTBOX: "messages waiting: {count}; the oldest has waited for {span} ({since})",
        TroubleKind.POLLING: "no successful read for {span} ({since}); failing or overdue: {count} of {of}",
        TroubleKind.DISK: "free: {free} MB of {total} MB",
        TroubleKind.CANARY: "the article that goes the whole way has been lost there for {span} ({since})",
    },
    given_up="messages given up: {count}; none got through since",
    never="the start",
    again="recovered on {until}, after {span}",
    to_do={
        TroubleKind.OUTBOX: "see what the receiver answers ({deliveries}), try it ({test}); what waits will leave by "
        "itself, what was given up by {replay}",
        TroubleKind.POLLING: "check the machine's network, then {feeds}",
        TroubleKind.DISK: "make room before the disk is full: nothing would be read or told any more",
        TroubleKind.CANARY: "read the log ({journal}), restart veille if it lasts: real articles may be lost in the "
        "same place",
    },
)
