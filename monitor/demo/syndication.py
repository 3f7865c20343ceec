"""The feeds of the fictitious press: RSS 2.0 and Atom (RFC 4287)."""

from __future__ import annotations

from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING

from monitor.demo.press import Format

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.demo.press import Appearance, Title

__all__ = ["feed_document"]


def feed_document(title: Title, entries: Sequence[tuple[Appearance, datetime]], *, site: str) -> bytes:
    """Return a title's feed, in its format and encoding.

    Args:
        title: whose feed.
        entries: what it lists, newest first, each with its date in UTC.
        site: the address of its server, without a path.
    """
    write = _atom if title.format is Format.ATOM else _rss
    text = f'<?xml version="1.0" encoding="{title.encoding.upper()}"?>\n' + write(title, entries, site)
    return text.encode(title.encoding, "xmlcharrefreplace")


def _rss(title: Title, entries: Sequence[tuple[Appearance, datetime]], site: str) -> str:
    items = "\n".join(_item(seen, at, site) for seen, at in entries)
    return f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel>
<title>{escape(title.name)}</title>
<link>{site}/</link>
<description>{escape(title.place)} et le monde</description>
<language>{title.language}</language>
<ttl>5</ttl>
{items}
</channel>
</rss>
"""


def _item(seen: Appearance, published_at: datetime, site: str) -> str:
    full = ""
    if seen.title.format is Format.RSS_FULL:
        body = "".join(f"<p>{escape(text)}</p>" for text in (seen.article.lead, *seen.paragraphs))
        full = f"\n<content:encoded><![CDATA[{body}]]></content:encoded>"
    return f"""<item>
<title>{escape(seen.headline)}</title>
<link>{site}{seen.path}</link>
<guid isPermaLink="false">{seen.title.id}-{seen.article.id}</guid>
<description>{escape(seen.article.summary)}</description>
<dc:creator>{escape(seen.article.author or seen.title.name)}</dc:creator>
<pubDate>{format_datetime(published_at, usegmt=True)}</pubDate>{full}
</item>"""


def _atom(title: Title, entries: Sequence[tuple[Appearance, datetime]], site: str) -> str:
    items = "\n".join(_entry(seen, at, site) for seen, at in entries)
    updated = f"<updated>{entries[0][1].isoformat()}</updated>" if entries else ""
    return f"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{title.language}">
<title>{escape(title.name)}</title>
<id>urn:demo:{title.id}</id>
<link href="{site}/"/>
{updated}
{items}
</feed>
"""


def _entry(seen: Appearance, published_at: datetime, site: str) -> str:
    return f"""<entry>
<title>{escape(seen.headline)}</title>
<id>urn:demo:{seen.title.id}:{seen.article.id}</id>
<link rel="alternate" href="{site}{seen.path}"/>
<published>{published_at.isoformat()}</published>
<updated>{published_at.isoformat()}</updated>
<author><name>{escape(seen.article.author or seen.title.name)}</name></author>
<summary>{escape(seen.article.summary)}</summary>
</entry>"""
