"""The words for what happens to sources, in French and English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.errors import Reason
from monitor.model import IncidentKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENGLISH", "FRENCH", "SourceWords"]


@dataclass(frozen=True, slots=True)
class SourceWords:
    """Titles are for one source and for several."""

    titles: Mapping[IncidentKind, tuple[str, str]]
    troubled: tuple[str, str]  # in several ways
    well_again: tuple[str, str]
    reminder: str  # after a title
    others: str  # takes `count`
    told: Mapping[IncidentKind, str]  # takes `since`, `span`, `count`, `cause`, `missed`, `between`
    again: str  # takes `until`, `span`
    last_ok: str  # takes `at`
    never_ok: str
    old_url: str
    some: str  # articles, where nobody knows how many
    one: str
    about: str  # takes `count`
    same_day: str  # takes `day`, `since`, `until`
    two_days: str  # takes `since`, `until`
    gaps: str  # takes `count`
    to_do: Mapping[IncidentKind, str]  # takes `pause`, `remove`, `search`
    causes: Mapping[Reason, str]
    no_cause: str


FRENCH = SourceWords(
    titles={
        IncidentKind.GAP: ("trou possible", "trous possibles"),
        IncidentKind.FAILING: ("source en panne", "sources en panne"),
        IncidentKind.GONE: ("source supprimée", "sources supprimées"),
        IncidentKind.QUIET: ("source silencieuse", "sources silencieuses"),
        IncidentKind.MOVED: ("source déplacée", "sources déplacées"),
    },
    troubled=("source en difficulté", "sources en difficulté"),
    well_again=("source rétablie", "sources rétablies"),
    reminder="rappel",
    others="{count} de plus",
    told={
        IncidentKind.GAP: "{missed} {between}",
        IncidentKind.FAILING: "en panne depuis {span} ({since}), {count} essais : {cause}",
        IncidentKind.GONE: "supprimée par le site (410), plus interrogée depuis le {since}",
        IncidentKind.QUIET: "rien de nouveau depuis {span} ({since}), bien plus longtemps que d'habitude",
        IncidentKind.MOVED: "interrogée à sa nouvelle adresse depuis le {since}",
    },
    again="rétablie le {until}, après {span}",
    last_ok="dernière lecture réussie le {at}",
    never_ok="jamais lue avec succès",
    old_url="ancienne adresse",
    some="des articles ont pu être manqués",
    one="un article a pu être manqué",
    about="environ {count} articles ont pu être manqués",
    same_day="le {day} entre {since} et {until}",
    two_days="entre le {since} et le {until}",
    gaps="{count} trous dans ce temps",
    to_do={
        IncidentKind.GAP: "rien ; la source est relue plus tôt. Si cela revient, baisser VEILLE_POLL_MIN_S",
        IncidentKind.FAILING: "ouvrir l'adresse dans un navigateur, la corriger s'il le faut ; veille continue "
        "d'essayer, {pause} l'arrête",
        IncidentKind.GONE: "trouver la nouvelle adresse ({search}), ou retirer la source par {remove}",
        IncidentKind.QUIET: "voir sur le site si le flux vit encore",
        IncidentKind.MOVED: "mettre la nouvelle adresse dans le fichier des sources",
    },
    causes={
        Reason.ADDRESS_REFUSED: "adresse interdite (réseau privé)",
        Reason.AUTH: "accès refusé par le site",
        Reason.BAD_URL: "adresse impossible",
        Reason.BLOCKED: "page de blocage au lieu du flux",
        Reason.BUSY: "le site fait attendre",
        Reason.CONNECTION: "connexion impossible",
        Reason.DNS: "nom de site introuvable",
        Reason.EMPTY: "réponse vide",
        Reason.ENCODING: "encodage illisible",
        Reason.GONE: "supprimée par le site (410)",
        Reason.HTTP_4XX: "demande refusée par le site",
        Reason.HTTP_5XX: "erreur du serveur",
        Reason.INTERRUPTED: "lecture interrompue",
        Reason.MALFORMED: "ce n'est pas un flux lisible",
        Reason.NOT_HTML: "ce n'est pas une page",
        Reason.PROTOCOL: "réponse incompréhensible",
        Reason.RATE_LIMITED: "trop de demandes, dit le site (429)",
        Reason.REDIRECT: "redirections sans fin",
        Reason.REJECTED: "message refusé",
        Reason.RESERVED: "fouille réservée par le site",
        Reason.ROBOTS: "interdite par robots.txt",
        Reason.TIMEOUT: "pas de réponse à temps",
        Reason.TLS: "certificat ou chiffrement en défaut",
        Reason.TOO_LARGE: "document trop gros",
        Reason.UNAVAILABLE: "site indisponible (503)",
        Reason.WORKER_CPU: "document trop long à lire",
        Reason.WORKER_CRASHED: "document qui fait échouer la lecture",
        Reason.WORKER_MEMORY: "document trop lourd à lire",
    },
    no_cause="cause inconnue",
)

ENGLISH = SourceWords(
    titles={
        IncidentKind.GAP: ("possible gap", "possible gaps"),
        IncidentKind.FAILING: ("source failing", "sources failing"),
        IncidentKind.GONE: ("source gone", "sources gone"),
        IncidentKind.QUIET: ("source silent", "sources silent"),
        IncidentKind.MOVED: ("source moved", "sources moved"),
    },
    troubled=("source in trouble", "sources in trouble"),
    well_again=("source recovered", "sources recovered"),
    reminder="reminder",
    others="{count} more",
    told={
        IncidentKind.GAP: "{missed} {between}",
        IncidentKind.FAILING: "failing for {span} ({since}), {count} tries: {cause}",
        IncidentKind.GONE: "removed by the site (410), not polled since {since}",
        IncidentKind.QUIET: "nothing new for {span} ({since}), far longer than usual",
        IncidentKind.MOVED: "polled at its new address since {since}",
    },
    again="recovered on {until}, after {span}",
    last_ok="last read on {at}",
    never_ok="never read yet",
    old_url="old address",
    some="articles may have been missed",
    one="one article may have been missed",
    about="about {count} articles may have been missed",
    same_day="on {day} between {since} and {until}",
    two_days="between {since} and {until}",
    gaps="{count} gaps in that time",
    to_do={
        IncidentKind.GAP: "nothing; the source is polled again sooner. If this comes back, lower VEILLE_POLL_MIN_S",
        IncidentKind.FAILING: "open the address in a browser, correct it if need be; veille goes on trying, {pause} "
        "ends that",
        IncidentKind.GONE: "find its new address ({search}), or take the source out with {remove}",
        IncidentKind.QUIET: "see on the site whether the feed still lives",
        IncidentKind.MOVED: "put the new address into the feeds file",
    },
    causes={
        Reason.ADDRESS_REFUSED: "address not allowed (private network)",
        Reason.AUTH: "access denied by the site",
        Reason.BAD_URL: "impossible address",
        Reason.BLOCKED: "a block page instead of the feed",
        Reason.BUSY: "the site makes us wait",
        Reason.CONNECTION: "no connection",
        Reason.DNS: "the site's name is not found",
        Reason.EMPTY: "empty answer",
        Reason.ENCODING: "unreadable encoding",
        Reason.GONE: "removed by the site (410)",
        Reason.HTTP_4XX: "request refused by the site",
        Reason.HTTP_5XX: "server error",
        Reason.INTERRUPTED: "reading interrupted",
        Reason.MALFORMED: "not a feed that can be read",
        Reason.NOT_HTML: "not a page",
        Reason.PROTOCOL: "senseless answer",
        Reason.RATE_LIMITED: "too many requests, says the site (429)",
        Reason.REDIRECT: "endless redirects",
        Reason.REJECTED: "message refused",
        Reason.RESERVED: "mining reserved by the site",
        Reason.ROBOTS: "forbidden by robots.txt",
        Reason.TIMEOUT: "no answer in time",
        Reason.TLS: "bad certificate or encryption",
        Reason.TOO_LARGE: "document too large",
        Reason.UNAVAILABLE: "site unavailable (503)",
        Reason.WORKER_CPU: "document takes too long to read",
        Reason.WORKER_CRASHED: "document that makes reading fail",
        Reason.WORKER_MEMORY: "document too heavy to read",
    },
    no_cause="cause unknown",
)
