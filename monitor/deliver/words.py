"""The words, numbers and dates that readers of Slack and e-mail see, in French or English. No locale needed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.changes import title_changes
from monitor.deliver.digest_words import ENGLISH_DIGESTS, FRENCH_DIGESTS, DigestWords
from monitor.deliver.source_words import ENGLISH, FRENCH, SourceWords
from monitor.deliver.system_words import ENGLISH_SYSTEM, FRENCH_SYSTEM, SystemWords
from monitor.deliver.text import line
from monitor.deliver.undelivered_words import ENGLISH_UNDELIVERED, FRENCH_UNDELIVERED, UndeliveredWords
from monitor.model import Change, NotificationReason
from monitor.settings import Language
from rules.types import Completeness, Field, Level, PatternKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from monitor.changes import Piece
    from monitor.model import Alert, Refusal, Story, StorySource, Update
    from rules.types import Contribution, Match

__all__ = ["COLOURS", "EMOJI", "Words", "level_of", "vocabulary"]

EMOJI: Mapping[Level, str] = {Level.CRITICAL: "🔴", Level.HIGH: "🟠", Level.MEDIUM: "🟡", Level.LOW: "🔵"}
COLOURS: Mapping[Level | None, int] = {
    Level.CRITICAL: 0xC62828,
    Level.HIGH: 0xEF6C00,
    Level.MEDIUM: 0xF9A825,
    Level.LOW: 0x1565C0,
    None: 0x607D8B,
}

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_TITLE_CHARS = 200
_MAX_SEEN = 4  # terms that a one-line explanation names
_MAX_JOINED = 3  # outlets that took up a story that are named
_PROPER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Words:
    """A language, and the zone in which it tells the time."""

    code: str  # BCP 47
    zone: ZoneInfo
    levels: Mapping[Level, str]
    reasons: Mapping[NotificationReason, str]
    changes: Mapping[Change, str]
    completeness: Mapping[Completeness, str]
    fields: Mapping[Field, str]
    days: tuple[str, ...]  # Monday first
    months: tuple[str, ...]  # January first
    decimal: str
    colon: str  # after a label
    open_quote: str
    close_quote: str
    why: str
    ignored: str
    relevant: str
    irrelevant: str
    yes: str
    no: str
    silence: str
    review: str
    reference: str
    updates: str  # takes `reference`
    title: str
    level: str
    undated: str
    spread: str
    spread_one_text: str
    joined: str  # takes `outlets`
    joined_more: tuple[str, str]  # one, several; take `outlets` and `count`
    wire: str
    wire_of: str
    burst: str
    no_wire: str
    times_threshold: str
    points: str
    threshold: str
    seen_in: str
    sent_in: str
    recap_subject: str
    recap_intro: str
    recap_more: str
    refused_live: str  # takes `count`
    refused_routes: str
    refused_routes_live: str
    to_do: str
    read_article: str
    refused_to_do: str
    day: str
    semicolon: str
    sources: SourceWords
    system: SystemWords
    digests: DigestWords
    undelivered: UndeliveredWords

    def number(self, value: float) -> str:
        """Return a number with at most one decimal, trailing zero dropped: `24,1`, `10`."""
        return self.decimal_number(value).removesuffix(f"{self.decimal}0")

    def decimal_number(self, value: float) -> str:
        """Return a number with one decimal: `9,0`."""
        return f"{value:.1f}".replace("-", "−").replace(".", self.decimal)

    def short_date(self, instant: datetime | None) -> str:
        """Return `16 mai, 06:58`."""
        if instant is None:
            return self.undated
        local = instant.astimezone(self.zone)
        return f"{self._day(local)} {self.months[local.month - 1]}, {local:%H:%M}"

    def long_date(self, instant: datetime | None) -> str:
        """Return `jeudi 16 mai 2024, 06:58`."""
        if instant is None:
            return self.undated
        local = instant.astimezone(self.zone)
        day = f"{self.days[local.weekday()]} {self._day(local)} {self.months[local.month - 1]}"
        return f"{day} {local.year}, {local:%H:%M}"

    def day_of(self, instant: datetime) -> str:
        """Return `jeudi 16 mai`."""
        local = instant.astimezone(self.zone)
        return f"{self.days[local.weekday()]} {self._day(local)} {self.months[local.month - 1]}"

    def time_of(self, instant: datetime) -> str:
        """Return `07:30`."""
        return f"{instant.astimezone(self.zone):%H:%M}"

    def carried(self, story: Story) -> str:
        """Return how many other outlets carry a story: `+ 6 titres`, or ""."""
        others = story.outlets - 1
        return self.digests.others[others > 1].format(count=others) if others > 0 else ""

    def span(self, seconds: float) -> str:
        """Return a duration to the unit that matters: `27 s`, `14 min`, `3 h`, `2 j`."""
        for unit_s, most, unit in ((1, 60, "s"), (_MINUTE_S, 60, "min"), (_HOUR_S, 48, "h")):
            if (count := round(seconds / unit_s)) < most:
                return f"{count} {unit}"
        return f"{seconds / _DAY_S:.0f} {self.day}"

    def whole_span(self, seconds: float) -> str:
        """Return a duration that somebody wrote, to the second: `90 min`, which is neither one hour nor two."""
        for unit_s, least_s, unit in ((_DAY_S, _DAY_S * 2, self.day), (_HOUR_S, 0, "h"), (_MINUTE_S, 0, "min")):
            if seconds >= least_s and seconds % unit_s == 0:
                return f"{seconds / unit_s:.0f} {unit}"
        return f"{seconds:.0f} s"

    def quote(self, text: str) -> str:
        """Return a text in this language's quotation marks."""
        return f"{self.open_quote}{text}{self.close_quote}"

    def spread_of(self, story: Story) -> str:
        """Return `7 titres, 2 textes distincts`, or "" where one outlet has it."""
        if story.outlets <= 1:
            return ""
        told = self.spread_one_text if story.texts <= 1 else self.spread
        return told.format(outlets=story.outlets, texts=story.texts)

    def joined_of(self, alert: Alert) -> str:
        """Return `Repris par : L'Écho (« Un suspect arrêté »), Le Courrier et 3 autres` where that happened, or "".

        The last to come has its title told, where it is another: it may say more than the one that is known.
        """
        update, story = alert.update, alert.stories[0]
        if update is None or (update.change is not Change.GREW and update.burst is None):
            return ""
        titles: dict[str, str] = {}
        for source in story.sources:
            titles.setdefault(line(source.outlet, 60), line(source.title, _TITLE_CHARS))
        named = [name for name in titles if name and name != line(story.sources[0].outlet, 60)][:_MAX_JOINED]
        if not named:
            return ""
        last = titles[named[0]]
        named[0] += f" ({self.quote(last)})" if last not in {"", line(story.sources[0].title, _TITLE_CHARS)} else ""
        more = story.outlets - 1 - len(named)
        told = self.joined if more <= 0 else self.joined_more[more > 1]
        return told.format(outlets=", ".join(named), count=more)

    def agency(self, source: StorySource) -> str:
        """Return what is known of a wire agency behind an article."""
        if source.agency is not None:
            return self.wire_of.format(agency=line(source.agency, 100))
        return self.wire if source.wire else self.no_wire

    def credited(self, source: StorySource) -> str:
        """Return whose dispatch an article is, or "" where no credit was read."""
        return self.agency(source) if source.wire else ""

    def told_latency(self, latency_s: Sequence[tuple[str, float]]) -> str:
        """Return `Vu en 14 min, envoyé en 27 s`, or what is known of it, or ""."""
        known = dict(latency_s)
        parts = (("published_to_seen_s", self.seen_in), ("seen_to_sent_s", self.sent_in))
        told = ", ".join(f"{label} {self.span(known[name])}" for name, label in parts if name in known)
        return told[:1].upper() + told[1:]

    def strength(self, match: Match) -> str:
        """Return how strong a match is: `2,4 × le seuil`, or its points where no threshold is set."""
        score, threshold = match.verdict.score, match.verdict.threshold
        if threshold is None or threshold <= 0:
            return f"{self.number(score)} {self.points}"
        return f"{self.number(score / threshold)} {self.times_threshold}"

    def score(self, match: Match) -> str:
        """Return `24,1 points, seuil 10`."""
        points = f"{self.number(match.verdict.score)} {self.points}"
        threshold = match.verdict.threshold
        return points if threshold is None else f"{points}, {self.threshold} {self.number(threshold)}"

    def seen(self, match: Match) -> str:
        """Return the best forms seen, each once, by field: `Chine, Poutine (titre), Ukraine (chapô)`."""
        seen = [(item.field, line(item.best, 60)) for item in _by_points(match) if item.points > 0]
        best = list(dict.fromkeys(seen))[:_MAX_SEEN]
        return ", ".join(
            ", ".join(form for field, form in best if field is where) + f" ({self.fields[where]})"
            for where in dict.fromkeys(field for field, _ in best)
        )

    def breakdown(self, match: Match) -> str:
        """Return every term with its points: `Chine 9,0 (titre) ; Russie 7,2 (« Poutine », titre) ; contact 1,0`."""
        entities = _entities(match)
        separator = " ; " if self.decimal == "," else "; "
        return separator.join(self._share(item, entities) for item in _by_points(match))

    def masked(self, match: Match) -> str:
        """Return the phrases that were ignored, quoted, or ""."""
        return ", ".join(self.quote(line(text, 80)) for text in dict.fromkeys(mask.text for mask in match.masks))

    def happened(self, alert: Alert) -> str:
        """Return why a message is sent: `première alerte`, or what happened to an article that was told."""
        if alert.update is None:
            return self.reasons[alert.reason]
        happened, burst = self.changes[alert.update.change], alert.update.burst
        if burst is None:
            return happened
        within = self.whole_span(burst.within.total_seconds())
        return self.burst.format(happened=happened, outlets=burst.outlets, within=within)

    def links(self, alert: Alert) -> tuple[tuple[str, str], ...]:
        """Return what an alert's links are called, and where they lead; none where it has none."""
        known = dict(alert.links)
        named = (("relevant", self.relevant), ("not_relevant", self.irrelevant), ("silence", self.silence))
        return tuple((label, known[name]) for name, label in (*named, ("review", self.review)) if name in known)

    def spent(self, alert: Alert) -> str:
        """Return `budget atteint : la suite à 14:27` of the last message that a budget lets go, else ""."""
        if alert.budget_until is None:
            return ""
        until, planned = (at.astimezone(self.zone) for at in (alert.budget_until, alert.planned_at))
        if until.date() == planned.date():
            return self.digests.budget.format(until=self.time_of(until))
        return self.digests.budget_later.format(until=self.short_date(until))

    def referred(self, alert: Alert) -> str:
        """Return an alert's reference, and that of the alert it updates."""
        of = None if alert.update is None else alert.update.of
        return alert.id if of is None else f"{alert.id} ({self.updates.format(reference=of)})"

    def retitled(self, update: Update) -> tuple[Piece, ...]:
        """Return how the title changed, or nothing."""
        before, after = (line(standing.title, _TITLE_CHARS) for standing in (update.before, update.after))
        return title_changes(before, after) if before != after else ()

    def relevelled(self, update: Update) -> str:
        """Return `moyen → élevé`, or "" where the level is the same or one side has none."""
        before, after = update.before.level, update.after.level
        if before is None or after is None or before is after:
            return ""
        return f"{self.levels[before].lower()} → {self.levels[after].lower()}"

    def refused_title(self, refusal: Refusal) -> str:
        """Return what was refused, as a title."""
        what = self.refused_routes if refusal.of_routes else self.reasons[NotificationReason.RULES_REJECTED]
        return what.capitalize()

    def refused_still(self, refusal: Refusal) -> str:
        """Return what goes on as it was."""
        return self.refused_routes_live if refusal.of_routes else self.refused_live.format(count=refusal.rules_live)

    def refused_first(self, refusal: Refusal) -> str:
        """Return the first problem of a refused rule set: it says where to look."""
        return next(iter(refusal.errors), refusal.error)

    def refused_subject(self, refusal: Refusal) -> str:
        """Return the subject of a refusal. The problem stands in quotes: it is in the program's language."""
        return f"{self.refused_title(refusal)}{self.colon} {self.quote(line(self.refused_first(refusal), 150))}"

    def _share(self, item: Contribution, entities: frozenset[str]) -> str:
        points, where, best = self.decimal_number(item.points), self.fields[item.field], line(item.best, 60)
        name = line(item.term.replace("_", " "), 60)
        if item.term in entities:
            seen = "" if _folded(name) == _folded(best) else f"{self.quote(best)}, "
            return f"{name[:1].upper()}{name[1:]} {points} ({seen}{where})"
        if best[:1].isupper():
            return f"{best} {points} ({where})"
        return f"{name} {points}"

    def _day(self, local: datetime) -> str:
        return "1er" if local.day == 1 and self.decimal == "," else str(local.day)


def level_of(match: Match) -> Level:
    """Return the level that a match reached."""
    return match.verdict.level or match.rule.level


def vocabulary(language: Language, zone: ZoneInfo) -> Words:
    """Return a language's words."""
    return _french(zone) if language is Language.FR else _english(zone)


def _by_points(match: Match) -> Sequence[Contribution]:
    return sorted(match.verdict.contributions, key=lambda item: -abs(item.points))


def _entities(match: Match) -> frozenset[str]:
    """Return the terms that stand for one entity, and may bear its name."""
    return frozenset(
        term.name for term in match.rule.terms if [pattern.kind for pattern in term.patterns] == [PatternKind.ENTITY]
    )


def _folded(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text).casefold() if _PROPER.match(char))


def _french(zone: ZoneInfo) -> Words:
    return Words(
        code="fr",
        zone=zone,
        levels={Level.CRITICAL: "Critique", Level.HIGH: "Élevé", Level.MEDIUM: "Moyen", Level.LOW: "Faible"},
        reasons={
            NotificationReason.FIRST_ALERT: "première alerte",
            NotificationReason.STORY_GREW: "sujet repris",
            NotificationReason.DIGEST: "bulletin",
            NotificationReason.LEVEL_RAISED: "niveau relevé",
            NotificationReason.CORRECTED: "correction",
            NotificationReason.RECAP: "première lecture",
            NotificationReason.RULES_REJECTED: "règles refusées",
            NotificationReason.SOURCE_GAP: "trou possible",
            NotificationReason.SOURCE_FAILING: "source en panne",
            NotificationReason.SOURCE_STILL_FAILING: "source toujours en panne",
            NotificationReason.SOURCE_MOVED: "source déplacée",
            NotificationReason.SOURCE_RECOVERED: "source rétablie",
            NotificationReason.SYSTEM_FAILING: "veille en difficulté",
            NotificationReason.SYSTEM_STILL_FAILING: "veille toujours en difficulté",
            NotificationReason.SYSTEM_RECOVERED: "veille rétablie",
            NotificationReason.DELIVERY_FAILED: "message non remis",
            NotificationReason.ENDPOINT_DISABLED: "destinataire désactivé",
            NotificationReason.HEARTBEAT: "signe de vie",
        },
        changes={
            Change.GREW: "sujet repris",
            Change.LEVEL_RAISED: "niveau relevé",
            Change.TITLE_CHANGED: "titre modifié",
            Change.MATCHED: "article modifié, correspond désormais",
            Change.UNMATCHED: "article modifié, ne correspond plus",
            Change.WITHDRAWN: "article retiré",
        },
        completeness={
            Completeness.FULL: "texte intégral",
            Completeness.TEASER: "début seulement",
            Completeness.SUMMARY: "résumé seulement",
        },
        fields={Field.TITLE: "titre", Field.LEAD: "chapô", Field.BODY: "corps"},
        days=("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin"),
            *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        ),
        decimal=",",
        colon=" :",
        open_quote="« ",
        close_quote=" »",
        why="Pourquoi",
        ignored="Ignoré",
        relevant="Pertinent",
        irrelevant="Hors sujet",
        yes="oui",
        no="non",
        silence="Couper 24 h",
        review="Détail",
        reference="Réf.",
        updates="suite de {reference}",
        title="Titre",
        level="Niveau",
        undated="date inconnue",
        spread="{outlets} titres, {texts} textes distincts",
        spread_one_text="{outlets} titres, un seul texte",
        joined="Repris par : {outlets}",
        joined_more=("Repris par : {outlets} et {count} autre", "Repris par : {outlets} et {count} autres"),
        wire="dépêche reprise",
        wire_of="dépêche {agency}",
        burst="{happened} : {outlets} titres indépendants en {within}",
        no_wire="agence non identifiée",
        times_threshold="× le seuil",
        points="points",
        threshold="seuil",
        seen_in="Vu en",
        sent_in="envoyé en",
        recap_subject="Première lecture – résultats",
        recap_intro="Déjà publié dans les nouvelles sources",
        recap_more="et {count} de plus, à lire par {command}",
        refused_live="les règles précédentes restent en service ({count})",
        refused_routes="routes refusées",
        refused_routes_live="les routes précédentes restent en service",
        to_do="À faire",
        read_article="Lire l'article",
        refused_to_do="corriger, vérifier par {check}, puis recharger par {reload} ou {signal}",
        day="j",
        semicolon=" ; ",
        sources=FRENCH,
        system=FRENCH_SYSTEM,
        digests=FRENCH_DIGESTS,
        undelivered=FRENCH_UNDELIVERED,
    )


def _english(zone: ZoneInfo) -> Words:
    return Words(
        code="en",
        zone=zone,
        levels={Level.CRITICAL: "Critical", Level.HIGH: "High", Level.MEDIUM: "Medium", Level.LOW: "Low"},
        reasons={
            NotificationReason.FIRST_ALERT: "first alert",
            NotificationReason.STORY_GREW: "story grew",
            NotificationReason.DIGEST: "digest",
            NotificationReason.LEVEL_RAISED: "level raised",
            NotificationReason.CORRECTED: "correction",
            NotificationReason.RECAP: "first reading",
            NotificationReason.RULES_REJECTED: "rules refused",
            NotificationReason.SOURCE_GAP: "possible gap",
            NotificationReason.SOURCE_FAILING: "source failing",
            NotificationReason.SOURCE_STILL_FAILING: "source still failing",
            NotificationReason.SOURCE_MOVED: "source moved",
            NotificationReason.SOURCE_RECOVERED: "source recovered",
            NotificationReason.SYSTEM_FAILING: "veille in trouble",
            NotificationReason.SYSTEM_STILL_FAILING: "veille still in trouble",
            NotificationReason.SYSTEM_RECOVERED: "veille recovered",
            NotificationReason.DELIVERY_FAILED: "message not delivered",
            NotificationReason.ENDPOINT_DISABLED: "receiver disabled",
            NotificationReason.HEARTBEAT: "heartbeat",
        },
        changes={
            Change.GREW: "story grew",
            Change.LEVEL_RAISED: "level raised",
            Change.TITLE_CHANGED: "title changed",
            Change.MATCHED: "article changed, matches now",
            Change.UNMATCHED: "article changed, matches no longer",
            Change.WITHDRAWN: "article withdrawn",
        },
        completeness={
            Completeness.FULL: "full text",
            Completeness.TEASER: "beginning only",
            Completeness.SUMMARY: "summary only",
        },
        fields={Field.TITLE: "title", Field.LEAD: "lead", Field.BODY: "body"},
        days=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=(
            *("January", "February", "March", "April", "May", "June"),
            *("July", "August", "September", "October", "November", "December"),
        ),
        decimal=".",
        colon=":",
        open_quote="“",
        close_quote="”",
        why="Why",
        ignored="Ignored",
        relevant="Relevant",
        irrelevant="Not relevant",
        yes="oui",
        no="non",
        silence="Silence for 24 h",
        review="Details",
        reference="Ref.",
        updates="follows {reference}",
        title="Title",
        level="Level",
        undated="date unknown",
        spread="{outlets} outlets, {texts} distinct texts",
        spread_one_text="{outlets} outlets, one text",
        joined="Also in: {outlets}",
        joined_more=("Also in: {outlets} and {count} other", "Also in: {outlets} and {count} others"),
        wire="wire copy",
        wire_of="{agency} dispatch",
        burst="{happened}: {outlets} independent outlets in {within}",
        no_wire="no agency identified",
        times_threshold="× the threshold",
        points="points",
        threshold="threshold",
        seen_in="Seen in",
        sent_in="sent in",
        recap_subject="First reading – matches",
        recap_intro="Already published in the new sources",
        recap_more="and {count} more, to be read with {command}",
        refused_live="the previous rules stay live ({count})",
        refused_routes="routes rejected",
        refused_routes_live="the previous routes stay live",
        to_do="To do",
        read_article="Read the article",
        refused_to_do="correct them, verify with {check}, then reload with {reload} or {signal}",
        day="d",
        semicolon="; ",
        sources=ENGLISH,
        system=ENGLISH_SYSTEM,
        digests=ENGLISH_DIGESTS,
        undelivered=ENGLISH_UNDELIVERED,
    )
