from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from monitor.demo import Behaviour, Expect, Format, Press
from monitor.demo.pages import LAYOUTS
from rules.engine import Engine
from rules.pack import bundled
from rules.types import Document


def test_there_are_enough_titles_articles_and_false_friends(press: Press) -> None:
    articles = {seen.article.id: seen.article for seen in press.appearances}
    expected = Counter(article.expect for article in articles.values())

    assert len(press.titles) >= 12
    assert len(press.appearances) >= 30
    assert expected[Expect.ALERT] >= 8
    assert expected[Expect.DECOY] >= 7
    assert expected[Expect.RECAP] >= 2


def test_every_way_to_publish_is_exercised(press: Press) -> None:
    assert set(Format) == {title.format for title in press.titles}
    assert set(Behaviour) == {title.behaviour for title in press.titles}
    assert set(LAYOUTS) == {title.layout for title in press.titles}
    assert {"utf-8", "iso-8859-1"} == {title.encoding for title in press.titles}


def test_every_article_has_a_lead_and_four_paragraphs(press: Press) -> None:
    thin = [seen.article.id for seen in press.appearances if len(seen.article.paragraphs) < 4 or not seen.article.lead]

    assert thin == []


def test_a_dispatch_is_carried_by_several_titles_under_their_own_headlines(press: Press) -> None:
    dispatch = [seen for seen in press.appearances if seen.article.id == "depeche-frappes"]

    assert len(dispatch) == 10
    assert len({seen.headline for seen in dispatch}) == 10
    assert [None, "Agence Lutèce-Presse"] == [dispatch[0].wire, dispatch[1].wire]


def test_what_is_told_at_once_appears_after_the_opening(press: Press) -> None:
    alerts = [seen.at for seen in press.appearances if seen.article.expect is Expect.ALERT]
    recaps = [seen.at for seen in press.appearances if seen.article.expect is Expect.RECAP]

    assert min(alerts) >= timedelta()
    assert all(-timedelta(hours=24) < at < timedelta() for at in recaps)


def test_everything_appears_within_half_a_minute(press: Press) -> None:
    assert press.length < timedelta(seconds=30)


@pytest.mark.parametrize("word", ["ukrain", "russ", "chin", "kharkiv", "moscou", "pékin", "kremlin"])
def test_one_article_says_nothing_before_its_full_text(press: Press, word: str) -> None:
    hidden = next(seen for seen in press.appearances if seen.article.id == "huis-clos")

    assert word not in f"{hidden.headline} {hidden.article.lead} {hidden.article.summary}".lower()


def test_no_address_begins_another(press: Press) -> None:
    paths = sorted({seen.path for seen in press.appearances})

    assert [] == [one for one in paths for other in paths if one != other and other.startswith(one)]
    assert all(path.isascii() for path in paths)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(bundled())


@pytest.mark.untraced
def test_the_bundled_rules_judge_every_text_as_expected(press: Press, engine: Engine) -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    surprises = []
    for seen in press.appearances:
        shown = seen.paragraphs[:1] if seen.article.teaser else seen.paragraphs
        document = Document(title=seen.headline, lead=seen.article.lead, body="\n\n".join(shown), language="fr")
        matched = any(match.verdict.match for match in engine.match(engine.analyse(document), now=now))
        too_old = seen.at < timedelta(hours=-24)
        if not too_old and matched is not (seen.article.expect in {Expect.ALERT, Expect.RECAP}):
            surprises.append(seen.article.id)

    assert surprises == []
