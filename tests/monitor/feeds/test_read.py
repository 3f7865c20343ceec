from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import FeedError, Reason
from monitor.feeds import parse_feed
from monitor.feeds.limits import LIMITS
from monitor.model import Entry, Hints, ParsedFeed

NOW = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
URL = "https://gazette.example/rss/une.xml"

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>La Gazette de Lutèce</title><link>https://gazette.example/</link><language>fr-FR</language><ttl>15</ttl>
<item><title>Le gel frappe les vignes</title><link>/vignes?utm_source=rss</link><guid isPermaLink="false">g-1</guid>
<description>&lt;p&gt;Une nuit &amp;agrave; -4 &amp;deg;C.&lt;/p&gt;</description>
<content:encoded><![CDATA[<p>Une nuit.</p><p>Deux récoltes.</p>]]></content:encoded>
<pubDate>Thu, 16 May 2024 08:30:00 CEST</pubDate><dc:creator>Anne Lenoir</dc:creator></item>
<item><title>Le pont rouvre</title><link>https://gazette.example/pont</link><guid>https://gazette.example/pont</guid>
<pubDate>mer., 15 mai 2024 10:00:00 +0200</pubDate></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://courrier.example/monde/">
<title>Le Courrier du Vexin</title><link href="https://courrier.example/"/>
<entry><title type="html">Foire &amp;amp; marché</title><id>urn:1</id><link href="foire"/>
<updated>2024-05-16T08:30:00+02:00</updated><published>2024-05-15T08:00:00Z</published>
<author><name>Luc Petit</name></author><content type="html">&lt;p&gt;Dix stands.&lt;/p&gt;</content></entry>
<entry><title>Brocante</title><id>urn:2</id><link href="brocante"/><updated>2024-05-14T08:00:00Z</updated>
<summary>Cent exposants.</summary></entry></feed>"""


def read(document: str | bytes, *, content_type: str | None = None, url: str = URL) -> ParsedFeed:
    body = document.encode() if isinstance(document, str) else document
    return parse_feed(body, url=url, content_type=content_type, now=NOW)


def rss(items: str, *, end: str = "</channel></rss>") -> str:
    return f'<rss version="2.0"><channel><title>La Gazette</title>{items}{end}'


def item(number: int) -> str:
    return f"<item><title>Brève {number}</title><link>https://gazette.example/{number}</link></item>"


def titles(feed: ParsedFeed) -> list[str]:
    return [entry.title for entry in feed.entries]


def test_an_rss_feed_is_read_whole() -> None:
    feed = read(RSS)

    assert feed == ParsedFeed(
        format="rss20",
        title="La Gazette de Lutèce",
        link="https://gazette.example/",
        language="fr-FR",
        hints=Hints(ttl_s=900.0),
        entries=(
            Entry(
                keys=("g:g-1", "l:gazette.example/vignes"),
                guid="g-1",
                link="https://gazette.example/vignes?utm_source=rss",
                title="Le gel frappe les vignes",
                summary="Une nuit à -4 °C.",
                content="Une nuit.\nDeux récoltes.",
                published_at=datetime(2024, 5, 16, 6, 30, tzinfo=UTC),
                authors=("Anne Lenoir",),
            ),
            Entry(
                keys=("g:https://gazette.example/pont", "l:gazette.example/pont"),
                guid="https://gazette.example/pont",
                link="https://gazette.example/pont",
                title="Le pont rouvre",
                summary="",
                published_at=datetime(2024, 5, 15, 8, 0, tzinfo=UTC),
            ),
        ),
    )


def test_an_atom_feed_is_read_with_its_base_and_both_dates() -> None:
    first, second = read(ATOM).entries

    assert (first.link, first.title, first.content, first.summary, first.authors) == (
        "https://courrier.example/monde/foire",
        "Foire & marché",
        "Dix stands.",
        "",
        ("Luc Petit",),
    )
    assert (first.published_at, first.updated_at) == (
        datetime(2024, 5, 15, 8, 0, tzinfo=UTC),
        datetime(2024, 5, 16, 6, 30, tzinfo=UTC),
    )
    assert second.published_at == second.updated_at == datetime(2024, 5, 14, 8, 0, tzinfo=UTC)


def test_an_rdf_feed_is_read() -> None:
    feed = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel rdf:about="https://gazette.example/">'
        "<title>Gazette</title><sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel>"
        '<item rdf:about="https://gazette.example/1"><title>Un</title><link>https://gazette.example/1</link></item></rdf:RDF>'
    )

    assert (feed.format, feed.hints.period_s, titles(feed)) == ("rss10", 21600.0, ["Un"])


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ("<ttl>0</ttl>", Hints()),
        ("<ttl>bientôt</ttl>", Hints()),
        ("<ttl>999999999</ttl>", Hints(ttl_s=604800.0)),
        (
            '<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">hourly</sy:updatePeriod>',
            Hints(period_s=3600.0),
        ),
        ("<skipHours>\n <hour> 1 </hour>\n <hour>24</hour><hour>25</hour></skipHours>", Hints(skip_hours=(0, 1))),
        ("<skipDays><day>Sunday</day><day>samedi</day></skipDays>", Hints(skip_days=(6,))),
        (f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in range(24))}</skipHours>", Hints()),
        ("<skipHours></skipHours><skipDays/>", Hints()),
        ("<item><description><![CDATA[<skipHours><hour>1</hour></skipHours>]]></description></item>", Hints()),
        ("", Hints()),
    ],
)
def test_a_feed_says_when_to_leave_it_alone(hint: str, expected: Hints) -> None:
    assert expected == read(rss(hint + item(1))).hints


@pytest.mark.parametrize(
    "end",
    [
        "",
        "<item><title>Brève 3</title><link>https://gazette.example/3",
        "<item><title>Brève 3</title></channel></rss>",
        "<item><title>Brève 3</title><description><![CDATA[coupé ici </item></channel></rss>",
        "<!-- coupé ici </channel></rss>",
    ],
)
def test_i3_a_document_cut_short_never_yields_its_last_entry(end: str) -> None:
    feed = read(rss(item(1) + item(2), end=end))
    expected = ["Brève 1"] if "Brève 3" not in end else ["Brève 1", "Brève 2"]

    assert (expected, True, "cut short: its last entry was left out") == (titles(feed), feed.truncated, feed.note)


@pytest.mark.parametrize("size", range(40, len(rss(item(1) + item(2))) - 1, 7))
def test_i3_no_cut_gives_half_an_entry(size: int) -> None:
    try:
        told = titles(read(rss(item(1) + item(2))[:size]))
    except FeedError:
        told = []

    assert told in ([], ["Brève 1"])


@pytest.mark.parametrize(
    "end", ["</channel></rss>\n<!-- généré -->\n", "</channel></rss><script>x()</script>", "</channel></rss>  "]
)
def test_i3_what_follows_the_root_cuts_nothing(end: str) -> None:
    feed = read(rss(item(1) + item(2), end=end))

    assert (titles(feed), feed.truncated) == (["Brève 1", "Brève 2"], False)


def test_i3_an_entry_that_closes_itself_is_whole() -> None:
    assert read(rss(item(1) + "<item/>")).truncated is False


def test_i4_one_bad_byte_makes_no_mojibake() -> None:
    body = rss(item(1) + "<item><title>L’Élysée</title></item>").encode().replace(b"Gazette", b"Gaz\xffette")

    assert titles(read(body)) == ["Brève 1", "L’Élysée"]


def test_i5_the_http_charset_is_heard() -> None:
    body = rss("<item><title>L'Élysée</title></item>").encode("mac_roman")

    assert titles(read(body, content_type="text/xml; charset=macintosh")) == ["L'Élysée"]


def test_i10_an_hour_without_a_zone_in_a_french_feed_is_that_of_paris() -> None:
    [entry] = read(rss("<item><pubDate>2024-05-16 08:30:00</pubDate></item>"), url="https://gazette.fr/rss").entries

    assert entry.published_at == datetime(2024, 5, 16, 6, 30, tzinfo=UTC)


def test_i4_what_a_publisher_read_in_the_wrong_charset_is_put_right() -> None:
    titles_as_sent = ("L’Ã‰lysÃ©e et l’été", "VoilÃ\x83Â\xa0 tout", "Vexin\u00c3\u0089", "d&amp;Atilde;&amp;copy;cide")
    feed = read(rss("".join(f"<item><title>{title}</title></item>" for title in titles_as_sent)))

    assert (titles(feed), feed.note) == (["L’Élysée et l’été", "Voilà tout", "VexinÉ", "décide"], None)


def test_i4_what_cannot_be_put_right_is_noted() -> None:
    title = "<item><title>L’éXlysée, déjà</title></item>"
    feed = read(rss(title * 3).encode().replace(b"X", b"\xe9"))

    assert (titles(feed)[0], feed.note) == ("L’é\ufffdlysée, déjà", "unreadable characters in 3 places")


def test_html_characters_and_bare_ampersands_spoil_nothing() -> None:
    feed = read(rss("<item><title>&Eacute;t&eacute; &amp; R&D &inconnu; &#0;fin</title></item>"))

    assert (titles(feed), feed.note) == (["Été & R&D &inconnu; fin"], None)


@pytest.mark.parametrize("reference", ["&#xD800;", "&#55357;&#56832;", "&#xFFFF;", "&#x110000;", "&#9999999;", "&#0;"])
@pytest.mark.parametrize("tag", ["title", "description", "guid", "author", "link"])
def test_a_reference_to_no_character_costs_itself_and_not_the_feed(tag: str, reference: str) -> None:
    feed = read(rss(f"<item><{tag}>avant{reference}après</{tag}></item>{item(2)}"))

    assert ["Brève 2"] == titles(feed)[1:]
    assert reference not in feed.entries[0].title


def test_a_feed_that_is_not_well_formed_is_read_and_noted() -> None:
    feed = read(rss("<item><title>Un <b>deux</title></item>" + item(2)))

    assert (len(feed.entries), str(feed.note)[:15]) == (2, "not well-formed")


def test_i10_absurd_dates_are_unknown() -> None:
    feed = read(
        rss(
            "".join(
                f"<item><title>{d}</title><pubDate>{d}</pubDate></item>" for d in ("0000-00-00", "1715853600", "hier")
            )
        )
    )

    assert [entry.published_at for entry in feed.entries] == [None, None, None]


def test_r6_entities_of_the_document_expand_to_nothing() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 50}">' for n in range(6))
    feed = read(f"<!DOCTYPE rss [{laughs}]>" + rss("<item><title>&l5;</title></item>"))

    assert titles(feed) == ["&l5;"]


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://my.netscape.com/rss.dtd">',
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!doctype rss>",
    ],
)
def test_a_document_type_changes_nothing(doctype: str) -> None:
    assert titles(read(doctype + rss(item(1)))) == ["Brève 1"]


@pytest.mark.parametrize("document", ["<!DOCTYPE rss [<!ENTITY ", "<!DOCTYPE rss"])
def test_an_endless_document_type_is_no_feed(document: str) -> None:
    with pytest.raises(FeedError, match="no XML"):
        read(document + rss(item(1)).replace(">", " "))


def test_r6_entries_and_texts_are_bounded_and_counted() -> None:
    long = "<item><title>" + "A" * 600 + "</title><description>" + "mot " * 6000 + "</description></item>"
    feed = read(rss(long + "".join(map(item, range(LIMITS.entries + 50)))))

    assert (len(feed.entries), feed.dropped) == (LIMITS.entries, 51)
    assert feed.entries[-1].title == f"Brève {LIMITS.entries + 49}"
    assert feed.note == "too long: 51 entries of its middle were left out"
    assert (len(feed.entries[0].title), len(feed.entries[0].summary)) == (LIMITS.title, LIMITS.summary)


def test_r6_the_contents_of_a_document_are_bounded_together() -> None:
    content = "<p>" + "mot " * 45_000 + "</p>"
    entry = (
        f"<item><content:encoded><![CDATA[{content}]]></content:encoded><description>{'b ' * 400}</description></item>"
    )
    document = rss(entry * 14).replace("<rss ", '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
    feed = read(document)

    assert (len(feed.entries), feed.entries[0].content != "", feed.entries[-1].content) == (14, True, "")


def test_o6_a_hostile_link_is_absent() -> None:
    feed = read(rss("<item><title>Un</title><link>javascript:alert(1)</link></item>"))

    assert feed.entries[0].link is None


def test_a_feed_without_entries_is_a_feed() -> None:
    assert read(rss("")).entries == ()


@pytest.mark.parametrize(
    ("document", "reason", "words"),
    [
        ("", Reason.EMPTY, "empty"),
        (" \n", Reason.EMPTY, "empty"),
        ("<!doctype html><html><body><h1>Accueil</h1></body></html>", Reason.MALFORMED, "a web page"),
        ("<html><body>une page</body></html>", Reason.MALFORMED, "a web page"),
        ("<opml><body/></opml>", Reason.MALFORMED, "<opml>"),
        ("rien du tout", Reason.MALFORMED, "no XML"),
        ('{"items": ', Reason.MALFORMED, "cut short"),
        ('{"titre": "x"}', Reason.MALFORMED, "no items"),
    ],
)
def test_what_is_no_feed_is_named(document: str, reason: Reason, words: str) -> None:
    with pytest.raises(FeedError, match=words) as caught:
        read(document)

    assert reason == caught.value.reason


def test_a_json_feed_is_read() -> None:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Le Courrier",
        "home_page_url": "https://courrier.example/",
        "language": "fr",
        "items": [
            {
                "id": 7,
                "url": "/foire",
                "title": "Foire &amp; marché",
                "summary": "Dix stands.",
                "content_html": "<p>Dix</p><p>stands.</p>",
                "date_published": "2024-05-16T08:30:00+02:00",
                "authors": [{"name": "Luc Petit"}, {"url": "x"}, "rien"],
                "author": {"name": "Anne Lenoir"},
            },
            {"content_text": "Sans titre.", "date_modified": "2024-05-14T08:00:00Z", "id": True},
            "rien",
        ],
    }
    feed = read("\ufeff" + json.dumps(document))
    first, second = feed.entries

    assert (feed.format, feed.title, feed.link, feed.language) == (
        "json11",
        "Le Courrier",
        "https://courrier.example/",
        "fr",
    )
    assert (first.keys, first.link, first.title, first.content, first.authors) == (
        ("g:7", "l:gazette.example/foire"),
        "https://gazette.example/foire",
        "Foire & marché",
        "Dix\nstands.",
        ("Luc Petit", "Anne Lenoir"),
    )
    assert (second.guid, second.title, second.content) == (None, "", "Sans titre.")
    assert second.published_at == second.updated_at == datetime(2024, 5, 14, 8, 0, tzinfo=UTC)


def test_a_json_feed_without_a_version_is_of_the_first() -> None:
    assert read('{"items": []}').format == "json10"


@example(b"\x80\xa0", 4)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_raise_anything_else_than_a_named_error(noise: bytes, at: int) -> None:
    body = RSS.encode()
    try:
        feed = read(body[: at * 20] + noise + body[at * 20 :])
    except FeedError:
        return

    assert all(entry.keys for entry in feed.entries)


def test_i1_an_aggregators_link_is_the_article_it_says() -> None:
    link = "http://www.bing.com/news/apiclick.aspx?aid=&amp;url=https%3a%2f%2fgazette.example%2fpont&amp;c=1"
    feed = read(rss(f"<item><title>Le pont rouvre</title><link>{link}</link><guid>{link}</guid></item>"))

    assert ["https://gazette.example/pont"] == [entry.link for entry in feed.entries]
    assert "l:gazette.example/pont" in feed.entries[0].keys


_ATOM = 'xmlns:atom="http://www.w3.org/2005/Atom"'
_HUBS = [{"type": "rssCloud", "url": "https://a.example/"}, 7, {"type": "WebSub", "url": "x:y"}]
_JSON = {"version": "https://jsonfeed.org/version/1.1", "feed_url": "https://gazette.example/feed.json", "items": []}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            f"""<rss version="2.0" {_ATOM}><channel><title>G</title><atom:link rel="hub" href="https://hub.example/"/>
            <atom:link rel="self" href="/rss" type="application/rss+xml"/></channel></rss>""",
            ("https://hub.example/", "https://gazette.example/rss"),
        ),
        (
            """<feed xmlns="http://www.w3.org/2005/Atom"><title>G</title><link rel="hub" href="javascript:x"/>
            <link rel="hub" href="https://hub.example/"/><link rel="alternate" href="/"/></feed>""",
            ("https://hub.example/", None),
        ),
        (RSS, (None, None)),
        (
            json.dumps({**_JSON, "hubs": [*_HUBS, {"type": "WebSub", "url": "https://hub.example/"}]}),
            ("https://hub.example/", "https://gazette.example/feed.json"),
        ),
        (json.dumps({**_JSON, "hubs": 7}), (None, "https://gazette.example/feed.json")),
    ],
)
def test_a_feed_says_which_hub_tells_of_its_changes(document: str, expected: tuple[str | None, str | None]) -> None:
    feed = read(document)

    assert expected == (feed.hub, feed.topic)


@pytest.mark.parametrize(
    "odd",
    [
        "<textInput><link>https://gazette.example/recherche</link></textInput>",
        '<gml:posList xmlns:gml="http://www.opengis.net/gml" srsDimension="x">1 2</gml:posList>',
    ],
)
def test_an_entry_that_feedparser_stumbles_over_is_read_without_that(odd: str) -> None:
    feed = read(rss(item(1) + item(2).replace("</item>", f"{odd}</item>") + item(3)))

    assert read(rss(item(1) + item(2) + item(3))).entries == feed.entries
    assert feed.note is None


def test_what_a_site_adds_to_every_entry_costs_none_of_them() -> None:
    odd = "<textInput><link>https://gazette.example/recherche</link></textInput></item>"
    feed = read(rss("".join(item(number).replace("</item>", odd) for number in range(1, 41))))

    assert read(rss("".join(map(item, range(1, 41))))).entries == feed.entries
    assert feed.note is None


def test_an_entry_that_cannot_be_read_at_all_is_left_out_alone_and_the_feed_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import feedparser

    whole = feedparser.parse

    def stumbling(stream: Any, **options: Any) -> Any:
        if b"/2<" in stream.getvalue():
            raise KeyError("link")
        return whole(stream, **options)

    monkeypatch.setattr(feedparser, "parse", stumbling)
    feed = read(rss(item(1) + item(2) + item(3)))

    assert titles(read(rss(item(1) + item(3)))) == titles(feed)
    assert ("1 entries cannot be read and were left out", 1) == (feed.note, feed.dropped)


def test_what_feedparser_stumbles_over_outside_of_entries_makes_it_no_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbling(_: object, **__: object) -> None:
        raise KeyError("link")

    monkeypatch.setattr("feedparser.parse", stumbling)

    with pytest.raises(FeedError) as failed:
        read(rss(item(1)))
    assert Reason.MALFORMED is failed.value.reason


@pytest.mark.parametrize("comment", ["<!-->", "<!--->", "<!---->", "<!-- a <!-- b -->"])
def test_i3_a_comment_that_is_closed_at_once_hides_no_entry(comment: str) -> None:
    plain_ = read(rss(item(1) + item(2) + item(3)))

    assert titles(plain_) == titles(read(rss(item(1) + comment + item(2) + "<!-- fin -->" + item(3))))
    inside = item(1).replace("</item>", f"{comment}</item>")
    assert titles(plain_) == titles(read(rss(inside + item(2) + "<!-- fin -->" + item(3))))
