"""`/alerts/…`: the pages that the links in alerts lead to.

A GET shows, and changes nothing, whoever prefetches it; only the POST of its button acts (promise W5). The signed path
is all that is asked for. Who has no link of ours learns nothing: not even whether an alert exists.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from monitor.deliver.links import LINKS_PATH, Action, Link, Signer
from monitor.deliver.text import line, quotes, safe_url
from monitor.deliver.words import vocabulary
from monitor.errors import NotFoundError, StoreError
from monitor.settings import Language
from monitor.stages import Tools, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from monitor.store import MatchDetail

__all__ = ["answers_app"]

_log = logging.getLogger(__name__)

_FORBIDDEN, _NOT_FOUND, _GONE, _BUSY = 403, 404, 410, 503
_ANY_ZONE = ZoneInfo("UTC")  # numbers have none
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:38rem;margin:2rem auto;padding:0 1rem}"
    "blockquote{border-left:3px solid #ccc;margin:0 0 1rem;padding-left:1rem}"
    "form{display:inline}button{font:inherit;padding:.4rem .8rem;margin:0 .4rem .4rem 0}small{color:#555}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class _Words:
    """What the pages say."""

    code: str
    buttons: dict[Action, str]
    asks: dict[Action, str]
    done: dict[Action, str]
    errors: dict[int, str]
    judged: dict[bool | None, str]
    reference: str
    avoid: str
    by_link: str  # takes `receiver`: who answered
    number: Callable[[float], str]


_FRENCH = _Words(
    code="fr",
    buttons={
        Action.RELEVANT: "Pertinent",
        Action.NOT_RELEVANT: "Hors sujet",
        Action.SILENCE: "Couper ce sujet 24 h",
        Action.SILENCE_RULE: "Couper cette règle 24 h",
    },
    asks={
        Action.REVIEW: "Que dites-vous de cette alerte ?",
        Action.RELEVANT: "Noter que cette alerte est pertinente ?",
        Action.NOT_RELEVANT: "Noter que cette alerte est hors sujet ?",
        Action.SILENCE: "Ne plus alerter personne sur ce sujet pendant 24 heures ?",
        Action.SILENCE_RULE: "Ne plus alerter personne sur cette règle pendant 24 heures ?",
    },
    done={
        Action.RELEVANT: "C'est noté : pertinent.",
        Action.NOT_RELEVANT: "C'est noté : hors sujet.",
        Action.SILENCE: "Ce sujet est coupé pendant 24 heures.",
        Action.SILENCE_RULE: "Cette règle est coupée pendant 24 heures.",
    },
    errors={
        _FORBIDDEN: "Ce lien n'est pas valable.",
        _NOT_FOUND: "Il n'y a rien à cette adresse.",
        _GONE: "Ce lien a expiré.",
        _BUSY: "Réessayez dans un instant.",
    },
    judged={True: "Jugée pertinente.", False: "Jugée hors sujet.", None: "Pas encore jugée."},
    reference="Réf.",
    avoid="Ce qui l'aurait évité :",
    by_link="{receiver} (lien)",
    number=vocabulary(Language.FR, _ANY_ZONE).number,
)
_ENGLISH = _Words(
    code="en",
    buttons={
        Action.RELEVANT: "Relevant",
        Action.NOT_RELEVANT: "Not relevant",
        Action.SILENCE: "Silence this story for 24 h",
        Action.SILENCE_RULE: "Silence this rule for 24 h",
    },
    asks={
        Action.REVIEW: "What do you say of this alert?",
        Action.RELEVANT: "Note that this alert is relevant?",
        Action.NOT_RELEVANT: "Note that this alert is not relevant?",
        Action.SILENCE: "Tell nobody of this story for 24 hours?",
        Action.SILENCE_RULE: "Tell nobody of what this rule finds for 24 hours?",
    },
    done={
        Action.RELEVANT: "Noted: relevant.",
        Action.NOT_RELEVANT: "Noted: not relevant.",
        Action.SILENCE: "This story is silenced for 24 hours.",
        Action.SILENCE_RULE: "This rule is silenced for 24 hours.",
    },
    errors={
        _FORBIDDEN: "This link is not valid.",
        _NOT_FOUND: "There is nothing at this address.",
        _GONE: "This link has expired.",
        _BUSY: "Try again in a moment.",
    },
    judged={True: "Judged relevant.", False: "Judged not relevant.", None: "Not judged yet."},
    reference="Ref.",
    avoid="What would have avoided it:",
    by_link="{receiver} (link)",
    number=vocabulary(Language.EN, _ANY_ZONE).number,
)


def answers_app(tools: Tools, signer: Signer) -> Starlette:
    """Return the web application that readers answer alerts with.

    Args:
        tools: what the stages work with.
        signer: what made the links.
    """
    words = _ENGLISH if tools.settings.language is Language.EN else _FRENCH

    async def page(request: Request) -> Response:
        link, status = _link(request, signer, tools)
        if status is not None:
            return _problem(status, words)
        action = Action(link.action)
        try:
            detail = await tools.thread.run(tools.store.match, link.alert_id)
            if request.method != "POST" or action is Action.REVIEW:
                return _page(_asked(link, detail, signer, words), words)
            await answer(tools, link.alert_id, action, author=words.by_link.format(receiver=link.receiver))
            detail = await tools.thread.run(tools.store.match, link.alert_id)
            return _page([f"<h1>{escape(words.done[action])}</h1>", *_told(link, detail, words)], words)
        except NotFoundError:
            return _problem(_NOT_FOUND, words)
        except StoreError as error:
            _log.warning("answer_postponed", extra={"error": str(error)})
            return _problem(_BUSY, words)

    async def nothing(_: Request) -> Response:
        return _problem(_NOT_FOUND, words)

    address = LINKS_PATH + "{alert_id}/{action}/{until_and_receiver}/{signature}"
    return Starlette(
        routes=[
            Route(address, page, methods=["GET", "POST"]),
            Route(LINKS_PATH + "{rest:path}", nothing, methods=["GET", "POST"]),
        ]
    )


def _link(request: Request, signer: Signer, tools: Tools) -> tuple[Link, int | None]:
    """Return what was asked for, and what is wrong with it."""
    asked = request.path_params
    until_s, _, receiver = asked["until_and_receiver"].partition(".")
    link = Link(asked["alert_id"], asked["action"], until_s, receiver)
    if not signer.is_ours(link, asked["signature"]):
        return link, _FORBIDDEN
    return link, _GONE if signer.is_over(link, now=tools.clock.now()) else None


def _asked(link: Link, detail: MatchDetail, signer: Signer, words: _Words) -> list[str]:
    """Return what is shown before anything is done: the alert, and a button for it."""
    action = Action(link.action)
    offered = list(words.buttons) if action is Action.REVIEW else [action]
    forms = [
        f'<form method="post" action="{escape(signer.url(Link(link.alert_id, each, link.until_s, link.receiver)))}">'
        f"<button>{escape(words.buttons[each])}</button></form>"
        for each in offered
    ]
    return [f"<h1>{escape(words.asks[action])}</h1>", *_told(link, detail, words), f"<p>{''.join(forms)}</p>"]


def _told(link: Link, detail: MatchDetail, words: _Words) -> list[str]:
    """Return what is known of an alert; short quotes only, and everything from outside escaped (promise O1)."""
    title, url = escape(line(detail.line.title)), safe_url(detail.line.url)
    headline = f'<a href="{escape(url)}" rel="noreferrer noopener">{title}</a>' if url else title
    points = [detail.line.score, *([] if detail.line.threshold is None else [detail.line.threshold])]
    score = " / ".join(map(words.number, points))
    rule, is_wrong = escape(line(detail.line.rule)), detail.line.relevant is False
    terms = ", ".join(part.best for part in detail.match.verdict.contributions)
    return [
        f"<h2>{headline}</h2>",
        f"<p>{escape(line(detail.line.outlet))} · {escape(line(detail.line.rule_title))} · {score}</p>",
        f"<p>{escape(line(terms))}</p>",
        *(f"<blockquote>{escape(quote.text)}</blockquote>" for quote in quotes(detail.match.snippets)),
        f"<p><small>{escape(words.judged[detail.line.relevant])} {words.reference} {escape(link.alert_id)}</small></p>",
        *([f"<p><small>{words.avoid} <code>veille rules suggest {rule}</code></small></p>"] if is_wrong else []),
    ]


def _problem(status: int, words: _Words) -> Response:
    return _page([f"<h1>{escape(words.errors[status])}</h1>"], words, status=status)


def _page(body: list[str], words: _Words, *, status: int = 200) -> Response:
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>veille</title>'
        f"<style>{_STYLE}</style>"
    )
    html = f'<!doctype html>\n<html lang="{words.code}"><head>{head}</head><body>\n' + "\n".join(body)
    return HTMLResponse(html + "\n</body></html>\n", status_code=status, headers=_HEADERS)
