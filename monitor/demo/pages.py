"""The web pages of the fictitious press: six layouts, as different as those of the real one.

Around the article stand what surrounds one in life: a menu, a cookie banner, a box of other headlines, a newsletter
form, a footer. None of it belongs to the text.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from monitor.demo.press import Appearance, Title

__all__ = ["LAYOUTS", "article_page", "home_page"]

_MENU = ("À la une", "Région", "Monde", "Économie", "Culture", "Sports", "Abonnements")
_COOKIES = (
    "Nous et nos partenaires utilisons des cookies pour mesurer l'audience. Vous pouvez changer d'avis à tout moment."
)
_SUBSCRIBE = "Cet article est réservé aux abonnés. Il vous reste 80 % à lire."
_FICTION = "Titre imaginaire, articles de fiction : démonstration de veille."


def article_page(seen: Appearance, *, url: str, published_at: datetime, others: Sequence[Appearance]) -> bytes:
    """Return the page of an article, in the encoding of its title.

    Args:
        seen: the article, where it stands.
        url: its address.
        published_at: when it appeared, in UTC.
        others: what the box of other headlines lists.
    """
    page = LAYOUTS[seen.title.layout](seen, url, published_at, others)
    return page.encode(seen.title.encoding, "xmlcharrefreplace")


def home_page(title: Title, *, feed_url: str, seen: Sequence[Appearance]) -> bytes:
    """Return a title's home page, which names its feed."""
    kind = "application/atom+xml" if title.format == "atom" else "application/rss+xml"
    links = "\n".join(f'<li><a href="{one.path}">{escape(one.headline)}</a></li>' for one in seen)
    page = f"""<!DOCTYPE html>
<html lang="{title.language}"><head><meta charset="{title.encoding}"><title>{escape(title.name)}</title>
<link rel="alternate" type="{kind}" title="{escape(title.name)}" href="{feed_url}"></head>
<body><h1>{escape(title.name)}</h1><ul>
{links}
</ul></body></html>
"""
    return page.encode(title.encoding, "xmlcharrefreplace")


def _modern(seen: Appearance, url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return HTML5 with JSON-LD, Open Graph and semantic elements."""
    body = "\n".join(f"<p>{escape(text)}</p>" for text in _shown(seen))
    return f"""{_head(seen, url, published_at)}
<body>
{_banner()}
<header><a href="/">{escape(seen.title.name)}</a>{_nav("nav")}</header>
<main><article>
<h1>{escape(seen.headline)}</h1>
<p class="chapo"><strong>{escape(seen.article.lead)}</strong></p>
<p class="signature">{_byline(seen)}, {_time(published_at)}</p>
{body}
{_paywall(seen)}
</article>
{_others(others, "aside")}
</main>
{_footer(seen.title)}
</body></html>
"""


def _tables(seen: Appearance, _url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return a page from before HTML5: tables, line breaks, no metadata but the description."""
    body = "<br><br>\n".join(escape(text) for text in _shown(seen))
    title = seen.title
    return f"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">
<html lang="{title.language}"><head>
<meta http-equiv="Content-Type" content="text/html; charset={title.encoding}">
<title>{escape(seen.headline)} - {escape(title.name)}</title>
<meta name="description" content="{escape(seen.article.lead)}">
<meta name="date" content="{published_at.date().isoformat()}">
</head><body bgcolor="#ffffff">
<table width="980" align="center"><tr><td colspan="2">{_nav("div")}</td></tr>
<tr><td valign="top" width="680">
<h1>{escape(seen.headline)}</h1>
<b>{escape(seen.article.lead)}</b><br>
<i>{_byline(seen)}, le {_french(published_at)}</i><br><br>
<div id="texte_article">
{body}
</div>
{_paywall(seen)}
</td><td valign="top" class="colonne">{_others(others, "div")}</td></tr>
<tr><td colspan="2">{_footer(title)}</td></tr></table>
</body></html>
"""


def _radio(seen: Appearance, url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return a broadcaster's page: a player, then divisions with generated class names."""
    body = "\n".join(f'<div class="css-1x7k2p"><p>{escape(text)}</p></div>' for text in _shown(seen))
    return f"""{_head(seen, url, published_at)}
<body>
{_banner()}
{_nav("nav")}
<div id="app"><div class="player"><button>Écouter</button><span>2 min</span></div>
<div class="css-9fa0"><h1>{escape(seen.headline)}</h1>
<div class="css-lead"><p>{escape(seen.article.lead)}</p></div>
<div class="css-meta">Publié le {_time(published_at)} · {_byline(seen)}</div>
{body}
{_paywall(seen)}
</div>
{_others(others, "section")}
</div>
{_footer(seen.title)}
</body></html>
"""


def _classic(seen: Appearance, url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return a page of a common publishing system, with a subheading and a share bar inside the text."""
    first, *rest = _shown(seen)
    middle = '<div class="partage"><a href="#">Partager</a> <a href="#">Imprimer</a></div>'
    body = "\n".join(f"<p>{escape(text)}</p>" for text in rest)
    return f"""{_head(seen, url, published_at)}
<body class="single-post">
<div id="page">{_nav("ul")}
<div class="entry-header"><h1 class="entry-title">{escape(seen.headline)}</h1>
<p class="entry-excerpt">{escape(seen.article.lead)}</p>
<div class="entry-meta">{_byline(seen)} – {_time(published_at)}</div></div>
<div class="entry-content"><p>{escape(first)}</p>
{middle}
{body}
{_paywall(seen)}
</div>
{_others(others, "div")}
<div id="comments"><h3>Commentaires</h3><p>Les commentaires sont fermés.</p></div>
</div>
{_footer(seen.title)}
{_banner()}
</body></html>
"""


def _magazine(seen: Appearance, url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return a magazine's page: the box of other headlines stands in the middle of the text."""
    first, *rest = _shown(seen)
    body = "\n".join(f"<p>{escape(text)}</p>" for text in rest)
    return f"""{_head(seen, url, published_at)}
<body>
{_nav("nav")}
<article class="longform" itemscope itemtype="https://schema.org/NewsArticle">
<p class="rubrique">{escape(seen.article.section)}</p>
<h1 itemprop="headline">{escape(seen.headline)}</h1>
<p class="standfirst" itemprop="description">{escape(seen.article.lead)}</p>
<figure><img src="/une.jpg" alt=""><figcaption>Photo d'illustration</figcaption></figure>
<div class="author">Par <span itemprop="author">{_byline(seen)}</span>, {_time(published_at)}</div>
<div itemprop="articleBody">
<p>{escape(first)}</p>
{_others(others[:2], "aside")}
{body}
{_paywall(seen)}
</div></article>
{_footer(seen.title)}
{_banner()}
</body></html>
"""


def _wire(seen: Appearance, url: str, published_at: datetime, others: Sequence[Appearance]) -> str:
    """Return an agency's page: bare."""
    body = "\n".join(f"<p>{escape(text)}</p>" for text in _shown(seen))
    return f"""{_head(seen, url, published_at)}
<body><main>
<p>{escape(seen.title.place)}, {_french(published_at)} ({escape(seen.title.name)})</p>
<h1>{escape(seen.headline)}</h1>
<p>{escape(seen.article.lead)}</p>
{body}
</main>
{_others(others, "nav")}
{_footer(seen.title)}
</body></html>
"""


LAYOUTS: dict[str, Callable[[Appearance, str, datetime, Sequence[Appearance]], str]] = {
    "modern": _modern,
    "tables": _tables,
    "radio": _radio,
    "classic": _classic,
    "magazine": _magazine,
    "wire": _wire,
}


def _head(seen: Appearance, url: str, published_at: datetime) -> str:
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": seen.headline,
        "description": seen.article.lead,
        "datePublished": published_at.isoformat(),
        "author": {"@type": "Person", "name": seen.article.author or seen.title.name},
        "publisher": {"@type": "Organization", "name": seen.title.name},
        "isAccessibleForFree": not seen.article.teaser,
    }
    data = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="{seen.title.language}"><head><meta charset="{seen.title.encoding}">
<title>{escape(seen.headline)} | {escape(seen.title.name)}</title>
<link rel="canonical" href="{url}">
<meta property="og:type" content="article"><meta property="og:url" content="{url}">
<meta property="og:title" content="{escape(seen.headline)}">
<meta property="og:description" content="{escape(seen.article.lead)}">
<meta property="og:site_name" content="{escape(seen.title.name)}">
<meta property="article:published_time" content="{published_at.isoformat()}">
<script type="application/ld+json">{data}</script>
<style>body {{ max-width: 60rem; margin: auto }}</style>
</head>"""


def _shown(seen: Appearance) -> tuple[str, ...]:
    return seen.paragraphs[:1] if seen.article.teaser else seen.paragraphs


def _byline(seen: Appearance) -> str:
    if seen.wire:
        return f"{escape(seen.title.name)} avec {escape(seen.wire)}"
    return escape(seen.article.author or seen.title.name)


def _paywall(seen: Appearance) -> str:
    if not seen.article.teaser:
        return ""
    return f'<div class="paywall"><p>{_SUBSCRIBE}</p><a href="/abo">Je m\'abonne</a></div>'


def _nav(tag: str) -> str:
    links = "".join(f'<li><a href="/{number}">{name}</a></li>' for number, name in enumerate(_MENU))
    return f'<{tag} class="menu">{links}</{tag}>'


def _banner() -> str:
    return f'<div id="cookies" role="dialog"><p>{_COOKIES}</p><button>Accepter</button><button>Refuser</button></div>'


def _others(others: Sequence[Appearance], tag: str) -> str:
    links = "".join(f'<li><a href="{one.path}">{escape(one.headline)}</a></li>' for one in others)
    return f'<{tag} class="lire-aussi"><h2>Lire aussi</h2><ul>{links}</ul></{tag}>' if links else ""


def _footer(title: Title) -> str:
    legal = '<a href="/mentions">Mentions légales</a>'
    return f'<footer class="pied"><p>© {escape(title.name)}. {_FICTION}</p>{legal}</footer>'


_MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()


def _time(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat()}">{_french(moment)}</time>'


def _french(moment: datetime) -> str:
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year} à {moment:%Hh%M}"
