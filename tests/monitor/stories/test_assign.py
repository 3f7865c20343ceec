"""Which story an article joins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from monitor.model import Article, ArticleKind, Candidate, Features, Member
from monitor.stories import assign, features_of, keys_of, kind_of, url_key_of, weigh
from tests.monitor.stories.test_stories import ARTICLE, SEEN

DEPOT = (
    "Trois drones ont frappé un dépôt de carburant au nord de Kharkiv, selon le gouverneur Oleh Sydorenko. "
    "L'incendie, visible à vingt kilomètres, a été maîtrisé après six heures ; deux pompiers sont blessés. "
    "Le trafic ferroviaire vers Poltava est interrompu et quarante mille foyers sont privés d'électricité."
)
REWRITE = (
    "Un incendie a ravagé un dépôt de carburant au nord de Kharkiv après une attaque de drones, indique le gouverneur "
    "Oleh Sydorenko. Deux pompiers ont été blessés, quarante mille foyers n'ont plus d'électricité, et les trains vers "
    "Poltava ne circulent plus."
)
MARKET = (
    "Le marché aux fleurs de Lisle-sur-Tarn rouvre samedi après deux ans de travaux sous la halle. "
    "Quarante exposants, pépiniéristes et fleuristes, sont attendus ; l'entrée est libre jusqu'à dix-huit heures. "
    "La mairie promet un parking gratuit et une navette depuis la gare."
)


def features(title: str = "Un dépôt de carburant frappé près de Kharkiv", body: str = DEPOT) -> Features:
    return weigh(features_of(title, "", body), {})


def member(
    number: int, made: Features, *, house: str = "radio.example", url_key: str = "radio.example/a", hours: float = 0
) -> Member:
    return Member(number, house, url_key, SEEN - timedelta(hours=hours), number, made)


def candidate(*members: Member, **changes: object) -> Candidate:
    known = assign(ARTICLE, entry_key="g:0", house="radio.example", first_seen_at=SEEN).story
    houses = tuple(dict.fromkeys(one.house for one in members)) or ("radio.example",)
    made = Candidate(replace(known, id="st_known"), members, len(members), houses)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


def joined(found: Candidate, made: Features | None = None, *, house: str = "gazette.example") -> bool:
    article: Article = replace(ARTICLE, outlet="La Gazette")
    given = assign(
        article, entry_key="g:1", house=house, first_seen_at=SEEN, features=made or features(), candidates=[found]
    )
    return given.story.id == "st_known"


def test_a_copy_joins_and_another_event_does_not() -> None:
    copy = features("Kharkiv : un dépôt en feu")

    assert joined(candidate(member(1, copy)))
    assert not joined(candidate(member(1, features("Le marché rouvre", MARKET))))


def test_it_is_of_the_event_of_most_texts_of_a_story_or_not_of_it() -> None:
    rewrite = features("Kharkiv : un dépôt de carburant en feu", REWRITE)
    market = features("Le marché rouvre", MARKET)
    one, other = member(1, rewrite), member(2, market, house="phare.example")

    assert joined(candidate(one))
    assert not joined(candidate(one, other, replace(other, article_id=3, text_id=3)))
    assert joined(candidate(one, member(2, features("Kharkiv", "Un dépôt."), house="phare.example")))
    assert not joined(candidate(articles=1))  # what it is like is no longer known


def test_its_own_story_is_found_whatever_it_says() -> None:
    assert joined(candidate(member(1, features("Le marché rouvre", MARKET)), is_own=True))


def test_a_dispatch_joins_where_others_have_it_though_its_house_has_another_text_there() -> None:
    dispatch, own = member(1, features(), house="phare.example"), member(2, features("Le marché rouvre", MARKET))
    shared = candidate(dispatch, replace(own, house="gazette.example", text_id=2))

    assert joined(shared)
    assert not joined(shared, features("Kharkiv : un dépôt de carburant en feu", REWRITE))


def test_a_story_that_is_full_takes_no_more() -> None:
    assert not joined(candidate(member(1, features()), articles=200))


def test_a_story_that_follows_a_full_one_counts_what_is_before_it() -> None:
    full, other = (candidate(member(1, made), articles=200) for made in (features(), features("Le marché", MARKET)))
    room = candidate(member(1, features()), articles=199)
    given = partial(assign, ARTICLE, entry_key="g:1", house="gazette.example", first_seen_at=SEEN, features=features())

    assert [200, 0] == [given(candidates=[one]).story.truncated for one in (full, other)]
    assert ("st_known", 0) == ((told := given(candidates=[full, room]).story).id, told.truncated)


def test_of_one_house_only_the_same_address_or_text_joins() -> None:
    title = "Un dépôt de carburant frappé près de Kharkiv"
    other = features(title, f"{DEPOT[:150]} La suite est réservée aux abonnés du journal et de son application.")

    assert joined(candidate(member(1, features(), house="gazette.example")))
    assert not joined(candidate(member(1, other, house="gazette.example")))
    assert joined(candidate(member(1, other, house="gazette.example", url_key=url_key_of(ARTICLE.url))))


def test_live_reports_stay_alone_and_what_is_old_is_another_event() -> None:
    live = features("EN DIRECT. Guerre en Ukraine")

    assert not joined(candidate(member(1, features())), live)
    assert not joined(candidate(member(1, features(), hours=100)))


def test_short_texts_are_like_nothing() -> None:
    short = features("Brève", "Réservé aux abonnés.")

    assert not joined(candidate(member(1, short)), replace(short, title=("autre",)))


@pytest.mark.parametrize(
    ("title", "url", "kind"),
    [
        ("EN DIRECT. Guerre en Ukraine", None, ArticleKind.LIVE),
        ("Revue de presse du 16 mai", None, ArticleKind.PRESS_REVIEW),
        ("Guerre en Ukraine", "https://a.example/live/1", ArticleKind.LIVE),
        ("Guerre en Ukraine", "https://a.example/direct/1", ArticleKind.LIVE),
        ("Les journaux", "https://a.example/revue-de-presse/1", ArticleKind.PRESS_REVIEW),
        ("Le port rouvre", "https://a.example/a", ArticleKind.NEWS),
    ],
)
def test_what_an_article_is_shows_in_its_title_or_address(title: str, url: str | None, kind: ArticleKind) -> None:
    assert kind is kind_of(title, url)


def test_what_stays_alone_is_found_by_its_address_only() -> None:
    live = features("EN DIRECT. Guerre en Ukraine")

    assert () == keys_of(live, url_key_of(None))
    assert 1 == len(keys_of(live, "a.example/live"))
    assert () == keys_of(weigh(features_of("EN DIRECT", "", ""), {}), "")
