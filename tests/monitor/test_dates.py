from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor import dates
from monitor.dates import parse_instant, plausible, zone_of

NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
MAY_16 = datetime(2024, 5, 16, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 16 May 2024 08:30:00 +0200",
        "Thu, 16 May 2024 08:30:00 CEST",
        "Thu, 16 May 2024 07:30:00 CET",
        "Thu,16 May 2024 06:30:00 GMT",
        "16 May 24 06:30 UT",
        "Thu, 16 May 2024 01:30:00 -0500 (CDT)",
        "Thu, 16 May 2024 08:30:00 GMT+0200",
        "Thursday, 16-May-24 06:30:00 GMT",
        "2024-05-16T06:30:00Z",
        "2024-05-16T08:30:00+02:00",
        "2024-05-16 08:30:00 +0200",
        "2024-05-16T06:30",
        "2024/05/16 06:30",
        "Thu May 16 06:30:00 2024",
        "Thu May 16 08:30:00 CEST 2024",
        "jeu., 16 mai 2024 08:30:00 +0200",
        "jeudi 16 mai 2024 à 06h30",
        "le 16 mai 2024 - 06:30",
        "16/05/2024 06:30",
        "16.05.2024, 06h30",
        "May 16, 2024 6:30 AM",
    ],
)
def test_i10_a_plain_date_is_read_with_its_zone(text: str) -> None:
    assert MAY_16 == parse_instant(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16 mai 2024", datetime(2024, 5, 16, tzinfo=UTC)),
        ("1er févr. 2024", datetime(2024, 2, 1, tzinfo=UTC)),
        ("20240516", datetime(2024, 5, 16, tzinfo=UTC)),
        ("2024-05-16T24:00:00Z", datetime(2024, 5, 17, tzinfo=UTC)),
        ("2024-05-16T06:30:00.123456789Z", MAY_16 + timedelta(microseconds=123456)),
        ("May 16, 2024 12:30 PM", datetime(2024, 5, 16, 12, 30, tzinfo=UTC)),
        ("Sun, 06 Nov 94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
    ],
)
def test_i10_a_date_is_read_as_it_is_written(text: str, expected: datetime) -> None:
    assert expected == parse_instant(text, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "-0001-11-30T00:00:00+00:00",
        "1715853600",
        "1970-01-01T00:00:00Z",
        "2099-01-01",
        "2024-06-03",
        "31 avril 2024",
        "16 brumaire 2024",
        "05/16/2024",
        "2024-05-16T25:00:00Z",
        "2024-05-16T10:61:00Z",
        "2024-05-16T10:30:00+1900",
        "May 16, 2024 13:30 PM",
        "hier",
        "2024",
        "16 mai 2024 " * 50,
    ],
)
def test_i10_an_absurd_or_unreadable_date_is_unknown(text: str) -> None:
    assert parse_instant(text, now=NOW) is None


def test_a_date_within_a_day_ahead_is_plausible() -> None:
    assert plausible(NOW + timedelta(hours=23), now=NOW) == NOW + timedelta(hours=23)


def test_no_date_is_no_date() -> None:
    assert plausible(None, now=NOW) is None


@given(st.text(alphabet="0123456789-/.:TZ+ maijnvréû,()APMhg", max_size=60))
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T24:00:00-14:59")
def test_i10_no_text_raises(text: str) -> None:
    read = parse_instant(text, now=NOW)

    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("16 mai 2024 à 08h30", "2024-05-16T06:30:00+00:00"),
        ("2024-01-16T08:30:00", "2024-01-16T07:30:00+00:00"),
        ("Thu, 16 May 2024 08:30:00", "2024-05-16T06:30:00+00:00"),
        ("2024-03-31 02:30", "2024-03-31T01:30:00+00:00"),  # there was no such hour
        ("2023-10-29 02:30", "2023-10-29T00:30:00+00:00"),  # there were two: the first
        ("2024-05-16T08:30:00Z", "2024-05-16T08:30:00+00:00"),
        ("2024-05-16T08:30:00-04:00", "2024-05-16T12:30:00+00:00"),
        ("Thu, 16 May 2024 08:30:00 GMT", "2024-05-16T08:30:00+00:00"),
        ("16 mai 2024", "2024-05-16T00:00:00+00:00"),  # a day is a day
    ],
)
def test_i10_an_hour_without_a_zone_is_that_of_the_press(text: str, expected: str) -> None:
    read = parse_instant(text, now=NOW, zone=zone_of("https://www.gazette.fr/", language=None))

    assert read is not None
    assert expected == read.isoformat()


@pytest.mark.parametrize(
    ("url", "language", "expected"),
    [
        ("https://gazette.be/", "fr", "Europe/Brussels"),
        ("https://gazette.com/", "fr-FR", "Europe/Paris"),
        ("https://gazette.com/", "en", "UTC"),
        ("https://gazette.ca/", "fr", "UTC"),  # six zones
        ("", "fr", "UTC"),
    ],
)
def test_the_zone_of_the_press_is_its_countrys(url: str, language: str, expected: str) -> None:
    assert expected == str(zone_of(url, language=language))


def test_without_a_time_zone_database_hours_are_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(dates._COUNTRIES, "fr", "Europe/Lutece")

    assert zone_of("https://gazette.fr/", language="fr") is UTC


@given(st.datetimes(min_value=datetime(1990, 1, 2), max_value=datetime(2024, 5, 31), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis wants naive bounds
def test_what_isoformat_writes_is_read_back(instant: datetime) -> None:
    assert instant == parse_instant(instant.isoformat(), now=NOW)
