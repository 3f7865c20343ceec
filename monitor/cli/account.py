"""What `veille why` says, in the reader's language. The stages are those of `monitor.review.whereabouts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from monitor.cli.cause import french_cause
from monitor.cli.when import local
from monitor.errors import Reason
from monitor.model import DeliveryState, Why
from monitor.review import FeedCondition, Stage, condition_of
from monitor.settings import Language
from monitor.store import EntryState
from rules.types import Completeness

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from monitor.cli.lookup import FeedGlance, Offer, PageGlance
    from monitor.model import FeedState, Incident
    from monitor.review import Whereabouts
    from monitor.settings import Settings
    from monitor.store import DeliveryLine, ListedArticle, ListedEntry, ListedMatch

__all__ = ["Account"]

# Why a page is postponed that was not asked for in vain.
_NOT_IN_VAIN: Mapping[Reason | None, str] = {Reason.INTERRUPTED: "interrupted", Reason.BUSY: "busy"}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.FR: {
        Stage.DELIVERED: "remis le {at} à {receivers}",
        Stage.PENDING: "alerte {alert} en attente d’envoi à {receivers}",
        Stage.HELD: "alerte {alert} retenue pour {receivers}",
        Stage.SILENCED: "alerte {alert} tue par la mise en sourdine {silence}",
        Stage.FAILED: "alerte {alert} abandonnée pour {receivers} : {error}",
        Stage.LOG_ONLY: "alerte {alert} inscrite au journal seulement : aucune route ne mène à un destinataire",
        Stage.RECAP: "trouvé par {rule} ; attend le récapitulatif de la première lecture du flux",
        Stage.TOLD_ALREADY: "trouvé par {rule} ; son sujet avait déjà été signalé",
        "told_already_by": "trouvé par {rule} ; son sujet avait déjà été signalé par l’alerte {alert}",
        Stage.SILENT_RULE: "trouvé par {rule}, règle « {status} », qui ne prévient personne",
        Stage.RULES_CHANGED: "lu le {at} sans correspondance ; les règles d’aujourd’hui le trouveraient : {today}",
        Stage.NEAR_MISS: "recalé de peu : {rule}, {score} points pour un seuil de {threshold}",
        Stage.NO_MATCH: "lu le {at}, aucune règle ne l’a trouvé",
        Stage.PAGE_FAILED: "page illisible : {error} ; dans le résumé du flux, aucune règle ne l’a trouvé",
        Stage.BLOCKED: "page masquée : {error} ; dans le résumé du flux, aucune règle ne l’a trouvé",
        Stage.EMPTY: "page sans texte d’article : {error} ; dans le résumé du flux, aucune règle ne l’a trouvé",
        Stage.ROBOTS: "page interdite aux robots : {error} ; dans le résumé du flux, aucune règle ne l’a trouvé",
        Stage.RESERVED: "page réservée : {error} ; dans le texte du flux, aucune règle ne l’a trouvé",
        Stage.POSTPONED: "page demandée {attempts} fois en vain, de nouveau le {at} : {error}",
        "interrupted": "veille interrompue {interrupted} fois pendant sa lecture, page demandée de nouveau le {at}",
        "busy": "page remise à son tour, le {at} : {error}",
        Stage.BEING_READ: "en cours de lecture",
        Stage.WAITING: "en attente de lecture depuis le {at}",
        Stage.BASELINE: "jamais lu : il figurait déjà au premier relevé du flux, trop ancien ou sans date",
        Stage.DUPLICATE: "lu sous un autre flux (entrée {same_as})",
        Stage.NEVER_LISTED: "jamais vu : aucun flux ne l’a annoncé",
        Stage.LISTED_NOW: "annoncé depuis le dernier relevé ; le prochain, le {at}, le trouvera",
        "incident_gap": "trou possible entre le {since} et le {until}, quand l’article est paru{missed}",
        "incident_failing": "en panne quand l’article est paru : du {since} au {until}",
        "incident_gone": "n’existait plus (410) quand l’article est paru : depuis le {since}",
        "incident_quiet": "muet quand l’article est paru : du {since} au {until}",
        "lost": "{rule} ne le trouve plus depuis le {at} : le texte a changé",
        "lost_with_page": "{rule} ne le trouve plus depuis le {at} : la page a été retirée",
        "withdrawn": "page retirée, constaté le {at} : {error}",
        "changed": "modifié le {at} : {parts}",
        "changes": "{count} changements en tout",
        "updates": "mises à jour : {alerts}",
        "part_title": "titre",
        "part_lead": "texte",
        "part_body": "texte",
        "part_withdrawn": "page retirée",
        "reread": "son flux l’annonce avec un autre texte : il sera relu",
        "missed": " (environ {count} articles manqués)",
        "missed_one": " (environ 1 article manqué)",
        "until_now": "présent",
        "alias": "connu sous l’adresse {url}",
        "page_read": "page lue à l’instant : {completeness}, {words} mots, {dated}",
        "page_unread": "page demandée à l’instant : {error}",
        "lists_it": "l’annonce en ce moment",
        "lists_it_not": "ne l’annonce pas en ce moment ({entries} entrées, la plus ancienne du {at})",
        "unread_now": "illisible en ce moment : {error}",
        "offers": "Pour recevoir les prochains :",
        "no_offer": "Aucun autre flux de {site} n’est connu ; `veille feeds add` accepte toute adresse de flux.",
        "found_in_catalogue": "catalogue",
        "found_in_page": "annoncé par la page",
        "found_in_home": "annoncé par la page d’accueil",
        "judged_page": "Ce que disent les règles d’aujourd’hui de la page :",
        "at_once": "dès que possible",
        "seen": "vu le {at} dans {feed}",
        "dated": "publié le {at}",
        "undated": "sans date",
        "first_poll": "au premier relevé",
        "read": "lu le {at} : {completeness}, {words} mots",
        "withheld": "lu le {at} : page réservée, le texte n’a pas été gardé",
        "page_error": "la page n’a pas pu être lue : {error}",
        "page_retry": "page : prochain essai {at}",
        "slow": "voie lente",
        "alert": "alerte {alert}, le {at}",
        "joined": "joint à l’alerte {alert} sur le même sujet, du {at}",
        "update": "mise à jour {alert} de {of}, le {at}",
        "delivery_sent": "remis le {at}",
        "delivery_pending": "en attente, prochain essai {at}",
        "delivery_failed": "abandonné",
        "delivery_held": "retenu{why} {until}",
        "delivery_grouped": "dit par un message groupé",
        "told_by": "dit par le message {id} (alerte {alert})",
        "delivery_silenced": "mis en sourdine par {silence}",
        "held_until": "jusqu’au {at}",
        "held_for_digest": "jusqu’au prochain bulletin",
        Why.DIGEST: "bulletin",
        Why.QUIET_HOURS: "heures calmes",
        Why.GROUP_WAIT: "attente d’un groupe",
        Why.COOLDOWN: "délai entre deux messages d’un même groupe",
        Why.GROWTH: "sujet qui grandit : un message par heure",
        Why.BUDGET: "budget atteint",
        "tries": "essais : {attempts}",
        Completeness.FULL: "texte intégral",
        Completeness.TEASER: "début seulement",
        Completeness.SUMMARY: "résumé seulement",
        "judged_article": "Ce que disent les règles d’aujourd’hui :",
        "judged_feed": "Ce que disent les règles d’aujourd’hui du titre et du résumé :",
        "judged_title": "Ce que disent les règles d’aujourd’hui du titre :",
        "nothing": "aucune règle n’y voit un seul de ses termes",
        "feed": "{name} (flux {id}, {url})",
        "no_feed": "Aucun de vos flux n’annonce de pages de {site}.",
        "feeds": "Vos flux de {site} :",
        FeedCondition.GONE: "n’existe plus (410), n’est plus relevé",
        FeedCondition.PAUSED: "en pause, n’est pas relevé",
        FeedCondition.NEVER_POLLED: "pas encore relevé",
        FeedCondition.FAILING: "en panne depuis le {since} ({failures} relevés), dernier bon relevé {at} : {error}",
        "failing_one": "en panne depuis le {since} (1 relevé), dernier bon relevé {at} : {error}",
        FeedCondition.POLLED: "relevé le {at}, ne l’a jamais annoncé",
        "never": "jamais",
        "news": "dernière nouveauté {at}",
        "next": "prochain relevé {at}",
        "colon": " : ",
    },
    Language.EN: {
        Stage.DELIVERED: "delivered on {at} to {receivers}",
        Stage.PENDING: "alert {alert} waits to be sent to {receivers}",
        Stage.HELD: "alert {alert} held for {receivers}",
        Stage.SILENCED: "alert {alert} silenced by {silence}",
        Stage.FAILED: "alert {alert} was given up for {receivers}: {error}",
        Stage.LOG_ONLY: "alert {alert} is in the log only: no route leads to a receiver",
        Stage.RECAP: "matched by {rule}; waits for the recap of the feed's first poll",
        Stage.TOLD_ALREADY: "matched by {rule}; its story had been told already",
        "told_already_by": "matched by {rule}; its story had been told already by alert {alert}",
        Stage.SILENT_RULE: "matched by {rule}, a rule that is {status} and tells nobody",
        Stage.RULES_CHANGED: "read on {at} without a match; the rules of today would match it: {today}",
        Stage.NEAR_MISS: "near miss: {rule}, {score} points for a threshold of {threshold}",
        Stage.NO_MATCH: "read on {at}, no rule matched it",
        Stage.PAGE_FAILED: "page not read ({error}); no rule matched the feed's summary",
        Stage.BLOCKED: "page hidden ({error}); no rule matched the feed's summary",
        Stage.EMPTY: "page without an article's text ({error}); no rule matched the feed's summary",
        Stage.ROBOTS: "page closed to robots ({error}); no rule matched the feed's summary",
        Stage.RESERVED: "page reserved ({error}); no rule matched the feed's own text",
        Stage.POSTPONED: "page asked for {attempts} times in vain, again on {at}: {error}",
        "interrupted": "veille was interrupted {interrupted} times while reading it, page asked for again on {at}",
        "busy": "page put off until its turn, on {at}: {error}",
        Stage.BEING_READ: "being read",
        Stage.WAITING: "waits to be read since {at}",
        Stage.BASELINE: "never read: it was there at the feed's first poll, too old or undated",
        Stage.DUPLICATE: "read under another feed (entry {same_as})",
        Stage.NEVER_LISTED: "never seen: no feed listed it",
        Stage.LISTED_NOW: "listed since the last poll; the next one, on {at}, will find it",
        "incident_gap": "possible gap between {since} and {until}, when the article came out{missed}",
        "incident_failing": "failing when the article came out: from {since} to {until}",
        "incident_gone": "gone (410) when the article came out: since {since}",
        "incident_quiet": "silent when the article came out: from {since} to {until}",
        "lost": "{rule} matches it no longer since {at}: the text changed",
        "lost_with_page": "{rule} matches it no longer since {at}: the page was withdrawn",
        "withdrawn": "page withdrawn, seen on {at}: {error}",
        "changed": "changed on {at}: {parts}",
        "changes": "{count} changes in all",
        "updates": "updates: {alerts}",
        "part_title": "title",
        "part_lead": "text",
        "part_body": "text",
        "part_withdrawn": "page withdrawn",
        "reread": "its feed lists it with another text: it will be read again",
        "missed": " (about {count} articles missed)",
        "missed_one": " (about 1 article missed)",
        "until_now": "now",
        "alias": "known under the address {url}",
        "page_read": "page read just now: {completeness}, {words} words, {dated}",
        "page_unread": "page asked for just now: {error}",
        "lists_it": "lists it now",
        "lists_it_not": "does not list it now ({entries} entries, the oldest of {at})",
        "unread_now": "cannot be read now ({error})",
        "offers": "To receive the next ones:",
        "no_offer": "No other feed of {site} is known; `veille feeds add` takes any feed's address.",
        "found_in_catalogue": "catalogue",
        "found_in_page": "named by the page",
        "found_in_home": "named by the home page",
        "judged_page": "What the rules of today say of the page:",
        "at_once": "as soon as possible",
        "seen": "seen on {at} in {feed}",
        "dated": "published on {at}",
        "undated": "undated",
        "first_poll": "at the first poll",
        "read": "read on {at}: {completeness}, {words} words",
        "withheld": "read on {at}: the page is reserved, its text was not kept",
        "page_error": "the page could not be read: {error}",
        "page_retry": "page: next try {at}",
        "slow": "slow lane",
        "alert": "alert {alert}, on {at}",
        "joined": "joined to alert {alert} on the same story, of {at}",
        "update": "update {alert} of {of}, on {at}",
        "delivery_sent": "delivered on {at}",
        "delivery_pending": "waiting, next try {at}",
        "delivery_failed": "given up",
        "delivery_held": "held{why} {until}",
        "delivery_grouped": "told by a message on several",
        "told_by": "told by message {id} (alert {alert})",
        "delivery_silenced": "silenced by {silence}",
        "held_until": "until {at}",
        "held_for_digest": "until the next digest",
        Why.DIGEST: "digest",
        Why.QUIET_HOURS: "quiet hours",
        Why.GROUP_WAIT: "waits for more of its group",
        Why.COOLDOWN: "cooldown",
        Why.GROWTH: "growth: a message an hour",
        Why.BUDGET: "budget spent",
        "tries": "tries: {attempts}",
        Completeness.FULL: "full text",
        Completeness.TEASER: "beginning only",
        Completeness.SUMMARY: "summary only",
        "judged_article": "What the rules of today say:",
        "judged_feed": "What the rules of today say of title and summary:",
        "judged_title": "What the rules of today say of the title:",
        "nothing": "no rule sees any of its terms there",
        "feed": "{name} (feed {id}, {url})",
        "no_feed": "None of your feeds lists pages of {site}.",
        "feeds": "Your feeds of {site}:",
        FeedCondition.GONE: "gone (410), polled no more",
        FeedCondition.PAUSED: "paused, not polled",
        FeedCondition.NEVER_POLLED: "not polled yet",
        FeedCondition.FAILING: "failing since {since} ({failures} polls), last good poll {at}: {error}",
        "failing_one": "failing since {since} (1 poll), last good poll {at}: {error}",
        FeedCondition.POLLED: "polled on {at}, never listed it",
        "never": "never",
        "news": "last news {at}",
        "next": "next poll {at}",
        "colon": ": ",
    },
}


class Account:
    """Says where an address got to.

    Args:
        settings: the reader's language and time zone.
    """

    def __init__(self, settings: Settings) -> None:
        self._words = _WORDS[settings.language]
        self._zone: ZoneInfo = settings.zone
        self._french = settings.language is Language.FR

    def say(self, name: str, /, **facts: object) -> str:
        """Return a sentence or its beginning."""
        return self._words[name].format(**facts)

    def headline(self, found: Whereabouts, *, today: Sequence[str] = ()) -> str:
        """Return the stage in one sentence.

        Args:
            found: how far the address got.
            today: the rules that match it as they are today.
        """
        entry, match, alert = found.entry, found.match, found.alert
        verdict = match.match.verdict if match else None
        is_postponed = found.stage is Stage.POSTPONED
        name = _NOT_IN_VAIN.get(entry.last_reason if entry and is_postponed else None, found.stage)
        return self.say(
            "told_already_by" if name is Stage.TOLD_ALREADY and alert else name,
            at=self._at(found.at),
            receivers=", ".join(delivery.receiver for delivery in found.deliveries),
            alert=alert.id if alert else "",
            rule=match.match.rule.id if match else "",
            status=match.match.rule.status.value if match else "",
            score=self._number(verdict.score) if verdict else "",
            threshold=self._number(verdict.threshold or 0) if verdict else "",
            error=self._cause(*_failure(found)),
            attempts=entry.attempts if entry else 0,
            interrupted=entry.interrupted if entry else 0,
            same_as=entry.same_as if entry else "",
            today=", ".join(today),
            silence=_silence_of(found) or "",
        )

    def entry(self, entry: ListedEntry) -> Iterator[str]:
        """Yield what is known of an entry: seen, read, matched, told."""
        seen = [self.say("seen", at=self._at(entry.first_seen_at), feed=self.feed_name(entry.feed))]
        seen += [self.say("first_poll")] if entry.baseline else []
        seen += [self.say("slow")] if entry.article is None and entry.lane.value == "slow" else []
        published_at = entry.entry.published_at
        seen += [self.say("dated", at=self._at(published_at)) if published_at else self.say("undated")]
        yield ", ".join(seen)
        if entry.article is not None:
            yield self._reading(entry, entry.article)
            yield from self._page(entry, entry.article)
            if entry.article.revisions:
                yield self._changes(entry, entry.article)
            for match in entry.article.matches:
                yield from self._match(match, withdrawn_at=entry.article.withdrawn_at)

    def _reading(self, entry: ListedEntry, read: ListedArticle) -> str:
        at, article = self._at(read.recorded_at), read.article
        if entry.withheld:
            return self.say("withheld", at=at)
        words = len(f"{article.lead} {article.body}".split())
        return self.say("read", at=at, completeness=self._words[article.completeness], words=words)

    def _page(self, entry: ListedEntry, read: ListedArticle) -> Iterator[str]:
        """Yield why the page was not read, whatever was told meanwhile, and when it is asked for again."""
        article = read.article
        error = self._cause(article.page_reason, article.page_error)
        if read.withdrawn_at is not None:
            yield self.say("withdrawn", at=self._at(read.withdrawn_at), error=error)
        elif article.page_reason is not None and not (entry.withheld and article.page_reason is Reason.RESERVED):
            yield self.say("page_error", error=error)
        if entry.is_reread:
            yield self.say("reread")
        if entry.state is EntryState.TO_READ:
            told = [self.say("page_retry", at=self._at(entry.next_attempt_at) or self.say("at_once"))]
            if entry.attempts:
                told += [self.say("tries", attempts=entry.attempts)]
                is_other = entry.last_error is not None and entry.last_error != article.page_error
                told += [self._cause(entry.last_reason, entry.last_error)] if is_other else []
            yield ", ".join(told)

    def _changes(self, entry: ListedEntry, read: ListedArticle) -> str:
        """Return when an article last changed and what, which updates told of it, and what shows every change."""
        last = read.revisions[-1]
        parts = ", ".join(dict.fromkeys(self._words[f"part_{part}"] for part in last.changed))
        told = [self.say("changed", at=self._at(last.seen_at), parts=parts)]
        if len(read.revisions) > 1:
            told += [self.say("changes", count=len(read.revisions))]
        updates = dict.fromkeys(alert.id for match in read.matches for alert in match.alerts if alert.updates)
        if updates:
            told += [self.say("updates", alerts=", ".join(updates))]
        if url := entry.entry.link or read.article.url:
            told += [f"`veille revisions {quote(url)}`"]
        return ", ".join(told)

    def _match(self, match: ListedMatch, *, withdrawn_at: datetime | None) -> Iterator[str]:
        for alert in (*match.joined, *match.growth, *match.alerts):
            name = "joined" if alert in match.joined else "alert" if alert.updates is None else "update"
            told = self.say(name, alert=alert.id, of=alert.updates, at=self._at(alert.planned_at))
            yield f"{told} ({match.match.rule.id})"
            for delivery in alert.deliveries:
                standing = self._delivery(delivery)
                if (teller := alert.teller(delivery)) is not None:
                    told_by = self.say("told_by", id=teller.id, alert=teller.alert_id)
                    standing = f"{told_by}{self._words['colon']}{self._delivery(teller)}"
                yield f"  {delivery.receiver}{self._words['colon']}{standing}"

        if match.lost_at is not None:
            went_with_page = withdrawn_at is not None and match.lost_at >= withdrawn_at
            name = "lost_with_page" if went_with_page else "lost"
            yield self.say(name, rule=match.match.rule.id, at=self._at(match.lost_at))

    def _delivery(self, delivery: DeliveryLine) -> str:
        is_pending = delivery.state is DeliveryState.PENDING
        at = self._at(delivery.next_attempt_at if is_pending else delivery.sent_at) or self.say("at_once")
        why, until = self._held(delivery) if delivery.state is DeliveryState.HELD else ("", "")
        facts = {"at": at, "why": why, "until": until, "silence": delivery.silence}
        told = [self.say(f"delivery_{delivery.state}", **facts)]
        if delivery.state in {DeliveryState.PENDING, DeliveryState.FAILED}:
            told += [self.say("tries", attempts=delivery.attempts)]
            told += [self._cause(delivery.last_reason, delivery.last_error)] if delivery.last_error else []
        return ", ".join(told)

    def _held(self, delivery: DeliveryLine) -> tuple[str, str]:
        """Return why a message is held, in brackets and where that is known, and until when."""
        why = f" ({self.say(Why(delivery.why))})" if delivery.why else ""
        until = delivery.held_until
        return why, self.say("held_until", at=self._at(until)) if until else self.say("held_for_digest")

    def feed_name(self, state: FeedState) -> str:
        """Return a feed's name, number and address."""
        return self.say("feed", name=state.outlet, id=state.id, url=state.feed.url)

    def feed(self, state: FeedState, *, last_listed_at: datetime | None) -> str:
        """Return how a feed fares.

        Args:
            state: the feed.
            last_listed_at: when it last listed anything that was new.
        """
        condition = condition_of(state)
        is_failing = condition is FeedCondition.FAILING
        at = self._at(state.last_ok_at if is_failing else state.last_polled_at) or self.say("never")
        told = [
            self.say(
                "failing_one" if is_failing and state.failures == 1 else condition,
                at=at,
                since=self._at(state.failing_since) or "?",
                failures=state.failures,
                error=self._cause(state.last_reason, state.last_error),
            )
        ]
        if condition in {FeedCondition.POLLED, FeedCondition.FAILING}:
            told += [self.say("news", at=self._at(last_listed_at) or self.say("never"))]
            told += [self.say("next", at=self._at(state.next_due_at))] if state.next_due_at else []
        return f"{self.feed_name(state)}{self._words['colon']}{', '.join(told)}"

    def incident(self, incident: Incident) -> str:
        """Return what was wrong with a feed when the article was published."""
        missed = "missed_one" if incident.missed == 1 else "missed"
        return self.say(
            f"incident_{incident.kind}",
            since=self._at(incident.began_at),
            until=self._at(incident.until_at or incident.ended_at) or self.say("until_now"),
            missed=self.say(missed, count=incident.missed) if incident.missed else "",
        )

    def page(self, page: PageGlance) -> str:
        """Return what was read of a page just now, or why it was not."""
        if page.extracted is None:
            return self.say("page_unread", error=self._cause(page.reason, page.error))
        at, words = page.extracted.published_at, len(page.extracted.text.split())
        dated = self.say("dated", at=self._at(at)) if at else self.say("undated")
        completeness = self._words[page.extracted.completeness]
        return self.say("page_read", completeness=completeness, words=words, dated=dated)

    def glance(self, feed: FeedGlance) -> str:
        """Return whether a feed lists the address now."""
        if feed.error is not None:
            return self.say("unread_now", error=self._cause(feed.reason, feed.error))
        if feed.entry is not None:
            return self.say("lists_it")
        return self.say("lists_it_not", entries=feed.entries, at=self._at(feed.oldest_at) or "?")

    def offer(self, offer: Offer) -> str:
        """Return the command that adds a feed, and where the feed was found."""
        title = f"{offer.title}, " if offer.title else ""
        return f"veille feeds add {offer.url}   ({title}{self.say(f'found_in_{offer.found_in}')})"

    def _cause(self, reason: Reason | None, error: str | None) -> str:
        return french_cause(reason, error) if self._french else error or "?"

    def _at(self, moment: datetime | None) -> str:
        return local(moment, self._zone)

    def _number(self, number: float) -> str:
        text = f"{number:.4f}".rstrip("0").rstrip(".")
        return text.replace(".", ",") if self._french else text


def _silence_of(found: Whereabouts) -> str | None:
    """Return the silence that the stage is about."""
    if found.deliveries:
        return found.deliveries[0].silence
    return None if found.alert is None else found.alert.silence


def _failure(found: Whereabouts) -> tuple[Reason | None, str | None]:
    """Return what the stage is about failed of: its delivery, its page, or the last try of it."""
    if found.deliveries:
        return found.deliveries[0].last_reason, found.deliveries[0].last_error
    if found.entry is None:
        return None, None
    if found.entry.article is not None:
        return found.entry.article.article.page_reason, found.entry.article.article.page_error
    return found.entry.last_reason, found.entry.last_error
