from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SourceError
from monitor.model import Feed
from monitor.sources import add_feeds, export_opml, parse_feeds, read_feeds, remove_feed
from monitor.sources.address import canonical

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
# ma veille
https://gazette.example/rss La Gazette de Lutèce

  https://vexin.example/feed#une   # l'Écho
"""

OPML = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- ma veille -->
<opml version="2.0">
  <head><title>Veille</title></head>
  <body>
    <outline text="Régions">
      <!-- le meilleur -->
      <outline text="Ouest">
        <outline type="rss" text="Le Phare" xmlUrl="https://phare.example/rss" language="fr"/>
      </outline>
    </outline>
    <outline type="rss" text="G" title="La Gazette" xmlURL="https://gazette.example/rss" htmlUrl="https://gazette.example/"/>
  </body>
</opml>
"""


def written(tmp_path: Path, text: str, name: str = "feeds.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_file_holds_one_address_a_line_with_comments_and_titles(tmp_path: Path) -> None:
    feeds = read_feeds(written(tmp_path, TEXT))

    expected = (
        Feed(url="https://gazette.example/rss", title="La Gazette de Lutèce"),
        Feed(url="https://vexin.example/feed#une"),
    )
    assert expected == feeds


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_an_address(tmp_path: Path) -> None:
    feeds = read_feeds(written(tmp_path, "\ufeffhttps://gazette.example/rss\r\nhttps://b.example/\r\n"))

    assert [feed.url for feed in feeds] == ["https://gazette.example/rss", "https://b.example/"]


def test_nested_outlines_are_sections(tmp_path: Path) -> None:
    feeds = read_feeds(written(tmp_path, OPML, "feeds.opml"))

    expected = (
        Feed(url="https://phare.example/rss", title="Le Phare", language="fr", section="Régions / Ouest"),
        Feed(url="https://gazette.example/rss", title="La Gazette"),
    )
    assert expected == feeds


def test_opml_is_recognised_by_its_content_whatever_its_name_and_encoding(tmp_path: Path) -> None:
    path = tmp_path / "feeds.txt"
    path.write_bytes(OPML.replace("UTF-8", "UTF-16").encode("utf-16"))

    assert len(read_feeds(path)) == 2


def test_a_second_spelling_of_an_address_is_left_out_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        feeds = parse_feeds(b"https://a.example/\nHTTPS://A.example:443\nhttps://a.example/?page=2\n", name="feeds.txt")

    assert [feed.url for feed in feeds] == ["https://a.example/", "https://a.example/?page=2"]
    assert [(record.message, vars(record)["line"]) for record in caplog.records] == [("feed declared twice", 2)]


@pytest.mark.parametrize(
    ("there", "hint"),
    [
        (
            ["feeds.txt"],
            r"`veille feeds export > .*/feeds\.opml`, then set VEILLE_FEEDS=.*/feeds\.opml, and do this again",
        ),
        ([], r"set VEILLE_FEEDS=.*/feeds\.opml, and"),
        (["feeds.txt", "feeds.opml"], r"export > .*/feeds-veille\.opml`, then"),
    ],
)
def test_what_a_text_file_cannot_hold_is_refused_with_how_to_go_on(tmp_path: Path, there: list[str], hint: str) -> None:
    for name in there:
        (tmp_path / name).write_text("https://a.example/\n", encoding="utf-8")

    with pytest.raises(SourceError, match=hint):
        add_feeds(tmp_path / "feeds.txt", [Feed("https://b.example/", outlet="La Gazette")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# rien\nwww.example.org\n", "feeds.txt:2: 'www.example.org': an address begins with http:// or https://"),
        (b"http://\n", "feeds.txt:1: 'http://': the address names no host"),
        (b"http://[\n", "feeds.txt:1: 'http://[': not an address"),
        (b"https://u:p@a.example/\n", "user name"),
        (b"https://a.example\\@b.example/\n", "backslash"),
        (b"https://a.example/" + b"x" * 3000, "at most 2048 characters"),
        (b"https://a.example/ L\xe9gende\n", "feeds.txt:1: not UTF-8 text"),
        (b"<opml>\n<body>\n<outline>\n</opml>", "feeds.txt:4: not well-formed XML"),
        (b"<rss><channel/></rss>", "feeds.txt:1: not OPML"),
        (b"<opml><head/></opml>", "feeds.txt:1: not OPML"),
        (b"<opml><body>\n<outline xmlUrl='file:///etc/passwd'/></body></opml>", "feeds.txt:2: 'file:///etc/passwd'"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>', "feeds.txt: declares entities"),
        ('<!DOCTYPE opml [<!ENTITY a "b">]><opml><body/></opml>'.encode("utf-16"), "feeds.txt: declares entities"),
    ],
)
def test_an_unusable_line_is_named(content: bytes, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_feeds(content, name="feeds.txt")

    assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"absent\.txt: cannot be read: No such file"):
        read_feeds(tmp_path / "absent.txt")


def test_a_file_too_large_to_be_a_list_of_feeds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="larger than 10 MB"):
        read_feeds(written(tmp_path, "#" * 10_000_001))


@pytest.mark.parametrize("name", ["feeds.txt", "feeds.opml"])
def test_adding_to_no_file_creates_it_in_the_format_of_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    feed = Feed(url="https://gazette.example/rss", title="La Gazette")

    assert add_feeds(path, [feed])
    assert (feed,) == read_feeds(path)
    assert name.endswith("opml") == path.read_text(encoding="utf-8").startswith("<?xml")


def test_adding_to_a_text_file_changes_no_other_line(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.rstrip("\n"))

    assert add_feeds(path, [Feed(url="https://ill.example/rss", title="Le Quotidien # de\nl'Ill")])
    assert path.read_text(encoding="utf-8") == TEXT + "https://ill.example/rss Le Quotidien de l'Ill\n"


def test_adding_to_an_opml_file_keeps_its_comments_and_its_layout(tmp_path: Path) -> None:
    path = written(tmp_path, OPML, "feeds.opml")

    assert add_feeds(path, [Feed(url="https://ill.example/rss", title="L'Ill")])
    added = '    <outline type="rss" text="L\'Ill" title="L\'Ill" xmlUrl="https://ill.example/rss"/>\n'
    text = path.read_text(encoding="utf-8")
    assert added in text
    assert OPML.replace("'1.0'", '"1.0"') == text.replace(added, "").replace("'", '"')


@pytest.mark.parametrize(("section", "position"), [("Régions / Ouest", 1), ("Suisse", 2)])
def test_a_feed_joins_its_section(tmp_path: Path, section: str, position: int) -> None:
    path = written(tmp_path, OPML, "feeds.opml")
    feed = Feed(url="https://ill.example/rss", title="L'Ill", section=section)

    assert add_feeds(path, [feed])
    assert feed == read_feeds(path)[position]


def test_adding_a_declared_feed_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)

    assert not add_feeds(path, [Feed(url="https://GAZETTE.example/rss")])
    assert path.read_text(encoding="utf-8") == TEXT


@pytest.mark.parametrize(
    "change", [lambda path: add_feeds(path, [Feed(url="ftp://x/")]), lambda path: remove_feed(path, "x")]
)
def test_an_impossible_address_is_refused(tmp_path: Path, change: object) -> None:
    path = written(tmp_path, TEXT)

    assert callable(change)
    with pytest.raises(SourceError, match="begins with http"):
        change(path)
    assert path.read_text(encoding="utf-8") == TEXT


def test_removing_from_a_text_file_takes_every_spelling(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT + "https://Gazette.example/rss\n")

    assert remove_feed(path, "https://gazette.example/rss#x")
    assert TEXT.replace("https://gazette.example/rss La Gazette de Lutèce\n", "") == path.read_text(encoding="utf-8")


def test_removing_from_opml_keeps_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path, OPML, "feeds.opml")

    assert remove_feed(path, "https://gazette.example/rss")
    text = path.read_text(encoding="utf-8")
    assert "<!-- ma veille -->" in text
    assert "    </outline>\n  </body>" in text
    assert [feed.url for feed in read_feeds(path)] == ["https://phare.example/rss"]


def test_removing_the_first_of_a_section_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "feeds.opml"
    path.write_bytes(export_opml([Feed(url=f"https://{name}.example/", title=name) for name in "abc"]))

    assert remove_feed(path, "https://a.example/")
    assert [feed.title for feed in read_feeds(path)] == ["b", "c"]


def test_removing_an_unknown_feed_says_so(tmp_path: Path) -> None:
    assert not remove_feed(written(tmp_path, TEXT), "https://ill.example/")


def test_a_write_keeps_permissions_and_follows_links(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    path.chmod(0o640)
    link = tmp_path / "lien.txt"
    link.symlink_to(path)

    add_feeds(link, [Feed(url="https://ill.example/rss")])

    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert len(read_feeds(path)) == 3


def test_a_write_that_fails_leaves_the_file_and_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, TEXT)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SourceError, match="cannot be written: No space left on device"):
        add_feeds(path, [Feed(url="https://ill.example/rss")])

    assert [path] == list(tmp_path.iterdir())
    assert path.read_text(encoding="utf-8") == TEXT


words = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co", "Cf", "Zs")), min_size=1)
feeds = st.builds(
    Feed,
    url=st.from_regex(r"https://[a-z]{1,8}\.example/[a-z0-9/?=&;%é-]{0,20}", fullmatch=True),
    title=words,
    outlet=st.none() | words,
    country=st.none() | st.sampled_from(["FR", "BE"]),
    kind=st.none() | st.just("daily"),
    language=st.none() | st.just("fr"),
    section=st.none() | words,
    typed=st.booleans(),
)


@given(st.lists(feeds, unique_by=lambda feed: canonical(feed.url)))  # two spellings are one feed
def test_what_is_exported_is_read_again(declared: list[Feed]) -> None:
    assert tuple(declared) == parse_feeds(export_opml(declared), name="feeds.opml")


@given(st.binary(max_size=200))
def test_any_bytes_give_feeds_or_a_named_error(content: bytes) -> None:
    with suppress(SourceError):
        parse_feeds(content, name="feeds.txt")
