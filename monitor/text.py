"""Text from outside becomes plain text here, once, at the border (promises O1 and R6)."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from monitor.mojibake import repaired

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["clip", "fold", "paragraphs", "plain", "plain_paragraphs"]

# C0 and C1 controls but for white space; bidirectional controls; byte order mark; interlinear marks, non-characters;
# lone surrogates; tag characters. What replaces an unreadable byte stays, for it parts words; soft hyphens and
# zero-width spaces stay: French typography is the rules' business.
_UNWANTED: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffc\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]+"
)
_SPACES: Final = re.compile(r"\s+")
_TO_FOLD: Final = re.compile(r"\s{2,}|[^\S \u00a0\u202f]")  # all but what folds to itself: nearly every space of a text
_LINES: Final = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
_MARKUP: Final = re.compile(r"<[a-zA-Z/!?]")
_REFERENCE: Final = re.compile(r"&(?:[a-zA-Z]|#\d|#[xX][0-9a-fA-F])")

_HIDDEN: Final = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"})
_BLOCKS: Final = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
        "header hr li main nav ol p pre section table td th tr ul",
    )
)


def fold(text: str) -> str:
    r"""Return text on one line, without control and bidirectional characters, white space folded.

    A no-break space that stands alone stays: French typography puts it before `:` and inside guillemets.

    >>> fold("  Le\tChat\u202e\x00 Rouge\n")
    'Le Chat Rouge'
    """
    cleaned = _UNWANTED.sub("", text)
    return _TO_FOLD.sub(" ", cleaned).strip()


def paragraphs(text: str) -> str:
    r"""Return text with each of its lines folded, and empty ones left out.

    >>> paragraphs("Un.\r\n\r\n  Deux,   trois. ")
    'Un.\nDeux, trois.'
    """
    return "\n".join(line for line in map(fold, _LINES.split(text)) if line)


def plain(markup: str, *, most: int) -> str:
    """Return a title or a name as plain text on one line.

    Args:
        markup: text, or HTML, escaped or not, even twice.
        most: characters kept.

    >>> plain("Le &lt;b&gt;Kremlin&lt;/b&gt; &amp;amp; l&amp;#039;Élysée", most=100)
    "Le Kremlin & l'Élysée"
    """
    return clip(fold(_text_of(markup[: most * 20])), most)


def plain_paragraphs(markup: str, *, most: int) -> str:
    r"""Return HTML, or text, as plain text with a line for each block.

    Args:
        markup: text, or HTML, escaped or not, even twice.
        most: characters kept.

    >>> plain_paragraphs("<p>Un <b>chat</b>.</p><script>x()</script><p>Deux.<br>Trois.</p>", most=100)
    'Un chat.\nDeux.\nTrois.'
    """
    return clip(paragraphs(_text_of(markup[: most * 20])), most)


def clip(text: str, most: int) -> str:
    """Return at most so many characters, the last one an ellipsis where some were left out.

    >>> clip("Kharkiv", 5)
    'Khar…'
    """
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _text_of(markup: str) -> str:
    """Strip tags and resolve character references, until nothing changes, at most twice; no tag is left.

    What was read in the wrong charset is put right before, while no control is taken away, and after: `&Atilde;&copy;`.
    """
    text = repaired(markup)
    for _ in range(2):
        if _MARKUP.search(text):
            text = _without_tags(text)
        elif _REFERENCE.search(text):
            text = html.unescape(text)
        else:
            break
    return repaired(_without_tags(text) if _MARKUP.search(text) else text)


def _without_tags(markup: str) -> str:
    """Return the text of HTML, by libxml2: in linear time, whatever the input. Bytes, for a NUL would end a str."""
    parser = etree.HTMLParser(
        encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    root = etree.fromstring(b"<body>" + _UNWANTED.sub("", markup).encode(), parser)
    return "".join(_pieces(root))


def _pieces(root: Any) -> Iterator[str]:
    """Yield the visible texts of a tree, and a line end at each edge of a block."""
    hidden = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = element.tag
        text = element.text if event == "start" else element.tail
        hidden += (name in _HIDDEN) * (1 if event == "start" else -1)
        if name in _BLOCKS:
            yield "\n"
        if text and not hidden:
            yield _SPACES.sub(" ", text) if "\n" in text else text
