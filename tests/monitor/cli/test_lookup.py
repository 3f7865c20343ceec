"""What `veille why` finds out of an article that no feed listed, at a real site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from monitor.cli.lookup import offers_of_catalogue
from monitor.errors import Reason
from monitor.model import Feed, PollOutcome, PollResult
from monitor.store import Store
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import FEED, HOME, PAGE, RULE
from tests.monitor.store.samples import DAY_S, NOW, after, entry, poll

Site = Callable[..., str]
OTHERS = FEED.replace("/un.html", "/trois.html")
RSS = "application/rss+xml"


@pytest.fixture(autouse=True)
def rules(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    (store.path.parent / "bombes.yaml").write_text(RULE, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", "bombes.yaml")
    monkeypatch.setenv("VEILLE_PAGE_INTERVAL_S", "0")


def ours(store: Store, *urls: str, typed: bool = True) -> None:
    store.sync_feeds([Feed(url, typed=typed) for url in urls], now=NOW)


def test_a_page_that_no_feed_listed_is_read_and_judged(veille: Veille, site: Site, store: Store) -> None:
    ours(store, site("/rss.xml", OTHERS, RSS))
    got = veille("why", site("/un.html", PAGE))

    assert (0, "") == (got.code, got.err)
    assert got.out.startswith("Kharkiv sous les bombes\nhttp://127.0.0.1")
    assert "→ jamais vu : aucun flux ne l’a annoncé\n" in got.out
    assert "page lue à l’instant : texte intégral, " in got.out
    assert ", publié le 2026-05-16 07:30\n" in got.out
    assert "Ce que disent les règles d’aujourd’hui de la page :\n✔ bombes " in got.out
    assert (
        "pas encore relevé, ne l’annonce pas en ce moment (2 entrées, la plus ancienne du 2026-05-16 07:30)" in got.out
    )
    assert "Aucun autre flux de 127.0.0.1" in got.out


def test_a_feed_that_lists_it_by_now_will_find_it(veille: Veille, site: Site, store: Store) -> None:
    ours(store, site("/rss.xml", FEED, RSS))
    poll(store, store.feed("1").id, entry("vieux"), at=after(1))
    got = veille("why", site("/un.html", PAGE))
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert "→ annoncé depuis le dernier relevé ; le prochain, le 2026-05-16 07:06, le trouvera\n" in got.out
    assert "dernière nouveauté 2026-05-16 07:01, prochain relevé 2026-05-16 07:06, l’annonce en ce moment\n" in got.out
    assert ("listed_now", "page", True) == (told["stage"], told["judged"], told["feeds"][0]["now"]["lists_it"])
    assert ("full", None) == (told["page"]["completeness"], told["page"]["error"])


def test_a_page_that_a_feed_lists_is_judged_by_the_feeds_words_where_it_cannot_be_read(
    veille: Veille, site: Site, store: Store
) -> None:
    ours(store, site("/rss.xml", FEED, RSS))
    got = veille("why", site("/un.html", None))

    assert 0 == got.code
    assert "page demandée à l’instant : " in got.out
    assert "Ce que disent les règles d’aujourd’hui du titre et du résumé :\n" in got.out


@pytest.mark.parametrize(
    ("page", "said", "error"),
    [
        (("/404.html", None), "page introuvable (HOST : 404)", "404"),
        (
            ("/rapport.pdf", "%PDF-1.7", "application/pdf"),
            "ce n'est pas une page (HOST)",
            "not a web page but application/pdf",
        ),
        (("/vide.html", "<html><body></body></html>"), "aucun texte trouvé (", "no article text"),
        (("/prive/un.html", PAGE), "interdite par robots.txt (HOST)", "robots.txt disallows this address"),
        (
            ("/res.html", PAGE.replace("<head>", '<head><meta name="tdm-reservation" content="1">')),
            "fouille réservée par le site (HOST)",
            "reserves",
        ),
    ],
)
def test_a_page_that_cannot_be_read_is_told_why_and_exits_1(
    veille: Veille, site: Site, page: tuple[str, ...], said: str, error: str
) -> None:
    said = said.replace("HOST", site("", None).removeprefix("http://"))
    site("/robots.txt", "User-agent: *\nDisallow: /prive/\n", "text/plain")
    got = veille("why", site(*page))
    (told,) = veille("why", site(*page), "--json").lines

    assert (1, "") == (got.code, got.err)
    assert said in next(line for line in got.out.splitlines() if line.startswith("page demandée à l’instant"))
    assert error in told["page"]["error"]
    assert ("never_listed", [], None) == (told["stage"], told["rules"], told["judged"])


@pytest.mark.parametrize(("part", "listed"), [("/news.xml", True), ("/perdu.xml", None)])
def test_a_page_is_looked_for_in_the_sitemaps_that_an_index_names(
    veille: Veille, site: Site, store: Store, part: str, *, listed: bool | None
) -> None:
    site("/news.xml", "<urlset><url><loc>SITE/un.html</loc><news><title>Kharkiv</title></news></url></urlset>", RSS)
    index = f"<sitemapindex><sitemap><loc>SITE{part}</loc></sitemap></sitemapindex>"
    ours(store, site("/index.xml", index, RSS))
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert listed is told["feeds"][0]["now"]["lists_it"]


def test_s1_an_address_inside_our_network_is_refused(
    veille: Veille, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = site("/un.html", PAGE)
    monkeypatch.delenv("VEILLE_FETCH_ALLOW_NETWORKS")
    (told,) = veille("why", url, "--json").lines

    assert "robots" == told["page"]["reason"]
    assert "127.0.0.1" in told["page"]["error"]
    refused = "page demandée à l’instant : adresse d’un réseau privé (le permettre : VEILLE_FETCH_ALLOW_NETWORKS) ("
    assert refused in veille("why", url).out


def test_a_page_whose_robots_txt_cannot_be_read_is_told_so_in_the_readers_language(
    veille: Veille, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site("/robots.txt", "", status=503)
    url = site("/un.html", PAGE)
    host = url.removeprefix("http://").removesuffix("/un.html")
    french = veille("why", url).out
    monkeypatch.setenv("VEILLE_LANGUAGE", "en")
    english = veille("why", url).out

    assert (
        f"page demandée à l’instant : robots.txt illisible, rien ne peut donc être demandé ({host} : 503)\n" in french
    )
    assert f"page asked for just now: {host}: robots.txt cannot be read, so nothing may be asked: answered 503\n" in (
        english
    )


def test_offline_no_site_is_asked(veille: Veille, site: Site) -> None:
    (told,) = veille("why", site("/un.html", PAGE), "--offline", "--json").lines

    assert (None, []) == (told["page"], told["rules"])


def test_an_article_is_found_under_the_address_that_its_page_gives_itself(
    veille: Veille, site: Site, store: Store
) -> None:
    link = site("/vrai.html", PAGE)
    ours(store, site("/rss.xml", FEED, RSS))
    poll(store, store.feed("1").id, at=NOW)
    poll(store, store.feed("1").id, entry("un", link=link, keys=(f"l:{link.removeprefix('http://')}",)), at=after(1))
    page = PAGE.replace("<head>", f'<head><link rel="canonical" href="{link}">')
    out = veille("why", site("/partage.html", page)).out

    assert "→ en attente de lecture depuis le 2026-05-16 07:01\n" in out
    assert f"connu sous l’adresse {link}\n" in out


@contextmanager
def shortener(target: str) -> Iterator[str]:
    """A site of another name, all of whose addresses redirect to one."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else 302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/abc"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_shortened_link_is_followed_to_the_site_and_its_feeds(veille: Veille, site: Site, store: Store) -> None:
    page = site("/un.html", PAGE)
    ours(store, site("/rss.xml", OTHERS, RSS))
    with shortener(page) as link:
        out = veille("why", link).out

    assert f"Kharkiv sous les bombes\n{page}\n" in out
    assert f"Vos flux de {page.split('/')[2]} :\n  127.0.0.1 (flux 1, " in out


def test_a_link_of_an_aggregator_is_the_article_that_it_names(veille: Veille) -> None:
    link = "https://www.bing.com/news/apiclick.aspx?url=https%3a%2f%2fgazette.example%2fvexin"
    (told,) = veille("why", link, "--offline", "--json").lines

    assert "https://gazette.example/vexin" == told["url"]


def test_feeds_that_the_page_names_are_offered_those_that_are_ours_are_not(
    veille: Veille, site: Site, store: Store
) -> None:
    ours(store, site("/nulle-part.xml", None))
    links = HOME.partition("<link")[2].partition("</head>")[0]
    got = veille("why", site("/un.html", PAGE.replace("</head>", f"<link{links}</head>")))

    assert (
        f"Pour recevoir les prochains :\n  veille feeds add {site('/rss.xml', None)}   (Tout, annoncé par la page)"
        in got.out
    )
    assert 1 == got.out.count("veille feeds add")
    assert "illisible en ce moment : page introuvable (" in got.out


def test_feeds_that_the_home_page_names_are_offered_where_the_page_names_none(veille: Veille, site: Site) -> None:
    site("/", HOME)
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert ["home", "home"] == [offer["found_in"] for offer in told["offers"]]


def test_p4_a_feed_that_was_not_typed_is_not_asked_where_robots_txt_closes_it(
    veille: Veille, site: Site, store: Store
) -> None:
    site("/robots.txt", "User-agent: *\nDisallow: /rss.xml\n", "text/plain")
    ours(store, site("/rss.xml", FEED, RSS), typed=False)
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert (None, True) == (
        told["feeds"][0]["now"]["lists_it"],
        "robots.txt disallows" in told["feeds"][0]["now"]["error"],
    )


def test_what_was_wrong_with_a_feed_when_the_article_came_out_is_told(veille: Veille, site: Site, store: Store) -> None:
    ours(store, site("/rss.xml", OTHERS, RSS))
    store.record_poll(
        store.feed("1").id,
        PollOutcome(PollResult.FAILED, reason=Reason.HTTP_5XX, error="answered 500"),
        (),
        next_due_at=after(60),
        now=after(40),
        baseline_max_age_s=DAY_S,
    )
    store.note_incidents(failures=1, now=after(50))
    got = veille("why", site("/un.html", PAGE))
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert "\n    en panne quand l’article est paru : du 2026-05-16 07:40 au présent\n" in got.out
    assert [("failing", None)] == [(each["kind"], each["ended_at"]) for each in told["feeds"][0]["incidents"]]


def test_a_feed_that_is_paused_is_not_asked(veille: Veille, site: Site, store: Store) -> None:
    ours(store, site("/rss.xml", FEED, RSS))
    store.pause_feed(store.feed("1").id, paused=True, now=NOW)
    (told,) = veille("why", site("/un.html", PAGE), "--json").lines

    assert ("paused", None) == (told["feeds"][0]["condition"], told["feeds"][0]["now"])


def test_feeds_of_the_catalogue_are_offered_the_section_of_the_address_first() -> None:
    address = "https://www.lemonde.fr/international/article/2026/05/16/kharkiv_1.html"
    first, *others = offers_of_catalogue(address, [])
    without = offers_of_catalogue(address, [first.url])

    assert "international" in first.url
    assert {"catalogue"} == {offer.found_in for offer in (first, *others)}
    assert first not in without
    assert () == offers_of_catalogue("https://nulle-part.example/un", [])
