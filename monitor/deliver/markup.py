"""Notes as text: how each service writes bold, links and quotes, and what it must not take for that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.deliver.note import Look, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from monitor.deliver.note import Line, Paragraph, Span

__all__ = ["MARKDOWN", "PLAIN", "Markup", "markdown_escape", "markdown_link"]

# What begins emphasis, code, links, spoilers, tables, mentions, emoji, headings and lists; and what makes a link of an
# address that stands in a title. The last character of what is found is the one to escape.
_MARKDOWN = re.compile(
    r"[\\`*_~\[\]<>|#@]|:(?=//|[\w+-]+:)|(?<=\bwww)\.|^[-+=](?=[\s=-]|$)|^\d+[.)](?=\s|$)", re.IGNORECASE
)
_ENDS_ADDRESS = re.compile(r"[<>()\[\]\\|`\s]")
_LINK_CHARS = 1200


@dataclass(frozen=True, slots=True)
class Markup:
    """How a service writes what it shows.

    Attributes:
        escape: makes a text from outside mean nothing but itself.
        link: takes a label that is marked up, and an address.
        code: takes a text that holds no back quote.
        bold: takes a text that is escaped, as the others do.
        struck: what is no longer so.
        header: a paragraph that is a title.
        quote: what begins each line of a quote.
    """

    escape: Callable[[str], str]
    link: Callable[[str, str], str]
    code: Callable[[str], str] = "`{}`".format
    bold: str = "**{}**"
    struck: str = "~~{}~~"
    header: str = "**{}**"
    quote: str = "> "

    def paragraph(self, paragraph: Paragraph) -> str:
        """Return a paragraph, its lines below one another."""
        lines = "\n".join(map(self.line, paragraph.lines))
        if paragraph.shape is Shape.HEADER:
            return self.header.format(lines)
        return "\n".join(self.quote + one for one in lines.split("\n")) if paragraph.shape is Shape.QUOTE else lines

    def text(self, paragraphs: Sequence[Paragraph]) -> str:
        """Return paragraphs with an empty line between them."""
        return "\n\n".join(map(self.paragraph, paragraphs))

    def line(self, spans: Line) -> str:
        """Return one line."""
        return "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        if not span.text or span.look is Look.CODE:
            return self.code(span.text) if span.text else ""
        told = self.escape(span.text)
        if span.url is not None:
            told = self.link(told, span.url)
        return {Look.BOLD: self.bold, Look.STRUCK: self.struck}.get(span.look, "{}").format(told)


def markdown_escape(text: str) -> str:
    r"""Return a text that Markdown shows as it stands.

    >>> print(markdown_escape("*R&D* [ici](https://evil.example) @here"))
    \*R&D\* \[ici\](https\://evil.example) \@here
    """
    return _MARKDOWN.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", text)


def markdown_link(label: str, url: str) -> str:
    """Return a link that nothing in its address ends early; an address that is too long gives its label alone."""
    address = _ENDS_ADDRESS.sub(lambda found: f"%{ord(found[0]):02X}", url)
    return f"[{label}]({address})" if len(address) <= _LINK_CHARS else label


MARKDOWN = Markup(escape=markdown_escape, link=markdown_link)

PLAIN = Markup(escape=str, link=lambda label, _: label, code=str, bold="{}", header="{}", quote="")
"""Nothing is markup: the links are left out."""
