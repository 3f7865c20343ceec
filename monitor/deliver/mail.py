"""E-mail: text and HTML, in plain words, with the headers that keep it honest (promise O3)."""

from __future__ import annotations

from collections import OrderedDict
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from monitor.changes import Kind, shown
from monitor.deliver.incidents import error_of, headline, sentences, source_name, to_do
from monitor.deliver.incidents import subject as incidents_subject
from monitor.deliver.means import Endpoint, Problems, place_of
from monitor.deliver.note import Look
from monitor.deliver.notes import note_of
from monitor.deliver.smtp import SmtpServer
from monitor.deliver.text import line, marked, quotes, safe_url
from monitor.deliver.unsubscribe import unsubscribing
from monitor.deliver.words import level_of
from monitor.errors import DeliveryError, Reason, SettingsError
from monitor.model import AlertType, Receipt, Rendered
from monitor.receivers import Channel, ChannelKind, Option, OptionType
from monitor.settings import PREFIX, SmtpTls
from rules.types import Field

if TYPE_CHECKING:
    from monitor.changes import Piece
    from monitor.deliver.means import Means
    from monitor.deliver.note import Line, Span
    from monitor.deliver.words import Words
    from monitor.model import Alert, Delivery, Incident, Refusal, StorySource, Update
    from monitor.receivers import Receiver
    from monitor.settings import Settings
    from rules.types import Snippet

__all__ = ["KIND", "MailSender", "address", "endpoint", "make"]

_SUBJECT_CHARS = 200
_ACCEPTED = 250
_PERMANENT = 500
_NOTED = frozenset(
    {
        *(AlertType.STORY_RECAP, AlertType.STORY_DIGEST, AlertType.SYSTEM_FAILING, AlertType.SYSTEM_RECOVERED),
        *(AlertType.DELIVERY_FAILED, AlertType.ENDPOINT_DISABLED),
    }
)
_RELOADS = {"reload": "systemctl reload veille", "signal": "kill -HUP PID"}
_REMEMBERED = 1000  # messages on their way whose recipients have not all answered


KIND = ChannelKind(
    Channel.MAIL,
    word="email",
    summary="Text and HTML, by a mail server of yours.",
    options=(
        Option("to", OptionType.TEXTS, "Recipients of its own instead of those of `VEILLE_MAIL_TO`."),
        Option("unsubscribe", OptionType.TEXTS, "Where one gets off the list: `https://…` for one click, `mailto:…`."),
    ),
    setting="smtp_host",
)

_PORTS = {SmtpTls.NONE: 25, SmtpTls.STARTTLS: 587, SmtpTls.TLS: 465}


def make(receiver: Receiver, means: Means) -> MailSender:
    """Return the channel of a receiver.

    Raises:
        SettingsError: a setting of e-mail is missing or impossible.
    """
    settings = means.settings
    if settings.smtp_host is None:
        raise SettingsError(f"{PREFIX}SMTP_HOST is not set, and a receiver needs it")
    password = None if settings.smtp_password is None else settings.smtp_password.get_secret_value()
    for setting, value in (("SMTP_USER", settings.smtp_user), ("SMTP_PASSWORD", password)):
        if value and not value.isascii():
            raise SettingsError(f"{PREFIX}{setting} holds a character that SMTP cannot carry: keep to ASCII")
    problems, own = Problems(receiver), receiver.texts("to")
    where = place_of(receiver, "to") if own else f"{PREFIX}MAIL_TO"
    nobody = Address()
    sender = problems.of(lambda: address(settings.mail_from or "", f"{PREFIX}MAIL_FROM"), nobody)
    recipients = [problems.of(partial(address, person, where), nobody) for person in own or settings.mail_to]
    headers = problems.of(
        lambda: unsubscribing(receiver.texts("unsubscribe"), where=place_of(receiver, "unsubscribe")), b""
    )
    problems.tell()
    return MailSender(
        name=receiver.name,
        server=SmtpServer(
            host=settings.smtp_host,
            port=_port(settings),
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=password,
            allow_networks=settings.deliver_allow_networks,
        ),
        sender=sender,
        recipients=tuple(recipients),
        words=means.words,
        unsubscribe=headers,
    )


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint | None:  # noqa: ARG001  all share one server
    """Return where mail is handed over."""
    return Endpoint(f"{PREFIX}SMTP_HOST", settings.smtp_host, _port(settings)) if settings.smtp_host else None


def _port(settings: Settings) -> int:
    return settings.smtp_port or _PORTS[settings.smtp_tls]


class MailSender:
    """Sends messages to its recipients.

    A recipient who must wait (4xx, greylisting) does not hold up the others: those who have the message are not sent it
    again by this process. After a restart they may be: a duplicate is preferred to a loss (promises D1, D11).

    Args:
        name: the receiver's name.
        server: what sends.
        sender: From and the envelope's sender.
        recipients: whom to.
        words: the readers' language and time zone.
        unsubscribe: the headers that say how to get off the list.
    """

    def __init__(
        self,
        *,
        name: str,
        server: SmtpServer,
        sender: Address,
        recipients: tuple[Address, ...],
        words: Words,
        unsubscribe: bytes = b"",
    ) -> None:
        self._name = name
        self._server = server
        self._sender = sender
        self._recipients = recipients
        self._words = words
        self._unsubscribe = unsubscribe
        self._settled: OrderedDict[str, dict[str, int]] = OrderedDict()

    def render(self, alert: Alert, message_id: str) -> Rendered:
        """Return the whole message, headers and Message-ID included."""
        message = EmailMessage(policy=policy.SMTP)
        message["Subject"] = _subject(alert, self._words)
        message["From"] = self._sender
        message["To"] = self._recipients
        message["Date"] = alert.planned_at.astimezone(self._words.zone)
        message["Message-ID"] = f"<{message_id}@{self._sender.domain}>"
        first = None if alert.update is None else dict(alert.update.threads).get(self._name)
        if first is not None:
            message["In-Reply-To"] = f"<{first}@{self._sender.domain}>"
        if thread := [each for each in (_story_of(alert), first) if each is not None]:
            message["References"] = " ".join(f"<{each}@{self._sender.domain}>" for each in thread)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834
        message["X-Veille-Alert"] = alert.id
        message["X-Veille-Type"] = alert.type.value
        text, html = _told(alert, self._words)
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{message_id}")  # the same bytes each time; quoted-printable never holds `=_`
        return Rendered(body=self._unsubscribe + message.as_bytes(), content_type="message/rfc822")

    async def send(self, delivery: Delivery) -> Receipt:
        """Send once, to the recipients that have not answered for good.

        Raises:
            DeliveryError: some recipient must wait, all are refused, or the server failed.
        """
        settled = self._settled.pop(delivery.message_id, {})
        asked = [person.addr_spec for person in self._recipients if person.addr_spec not in settled]
        try:
            refused = await self._server.send(self._sender.addr_spec, asked, delivery.rendered.body)
        except DeliveryError as exc:
            self._remember(delivery.message_id, settled)
            raise DeliveryError(
                f"{self._name}: {exc}", reason=exc.reason, retryable=exc.retryable, status=exc.status
            ) from exc
        answers = settled | {person: refused.get(person, _ACCEPTED) for person in asked}
        self._remember(delivery.message_id, {person: code for person, code in answers.items() if not _passing(code)})
        return _receipt(self._name, answers)

    def _remember(self, message_id: str, settled: dict[str, int]) -> None:
        if settled.keys() < {person.addr_spec for person in self._recipients}:
            self._settled[message_id] = settled
        while len(self._settled) > _REMEMBERED:
            self._settled.popitem(last=False)


def _story_of(alert: Alert) -> str | None:
    """Return what the messages on a story have in common: other rules' and its updates are one thread (promise O4).

    No message bears that identity; readers of mail thread by references to messages that they do not have
    (RFC 5256, REFERENCES).
    """
    return alert.stories[0].id if alert.type in {AlertType.STORY_NEW, AlertType.STORY_UPDATED} else None


def _passing(code: int) -> bool:
    return _ACCEPTED < code < _PERMANENT


def _receipt(name: str, answers: dict[str, int]) -> Receipt:
    """Return what the recipients' answers amount to."""
    waiting = {person: code for person, code in answers.items() if _passing(code)}
    refused = {person: code for person, code in answers.items() if code >= _PERMANENT}
    if waiting:
        raise DeliveryError(
            f"{name}: {', '.join(sorted(waiting))} must wait (greylisted, or busy)",
            # where somebody has it, the server is there: it is only they who wait
            reason=Reason.UNAVAILABLE if len(waiting) == len(answers) else Reason.REJECTED,
            status=min(waiting.values()),
        )
    if len(refused) == len(answers):
        raise DeliveryError(
            f"{name}: the mail server refuses {', '.join(sorted(refused))}",
            reason=Reason.REJECTED,
            retryable=False,
            status=min(refused.values()),
        )
    return Receipt(status=_ACCEPTED, refused=tuple(sorted(refused)))


def address(text: str, where: str) -> Address:
    """Return a mail address as typed in some place: `user@host`, or `Name <user@host>`.

    Raises:
        SettingsError: it is not one, or is not plain ASCII.
    """
    header = EmailMessage()
    try:
        header["To"] = text
        (group,) = header["To"].groups
        (parsed,) = group.addresses
        plain = parsed.username and parsed.domain and parsed.addr_spec.isascii()
        if plain and group.display_name is None and not header["To"].defects:
            return Address(parsed.display_name, addr_spec=parsed.addr_spec)
    except (ValueError, HeaderParseError, IndexError):
        pass
    raise SettingsError(f"{where}: {text!r} is not a mail address such as `Veille <veille@example.org>`")


# --- words ----------------------------------------------------------------------------------------------------------


def _subject(alert: Alert, words: Words) -> str:
    if alert.refusal is not None:
        subject = words.refused_subject(alert.refusal)
    elif alert.incidents:
        subject = incidents_subject(alert, words)
    elif alert.type in _NOTED:
        subject = note_of(alert, words).subject
    else:
        match = alert.matches[0]
        level = words.levels[level_of(match)]
        what = "" if alert.update is None else f"{words.happened(alert)}{words.colon} "
        subject = f"[{level}] {line(match.rule.title)} – {what}{line(alert.stories[0].title)}"
    # An encoded word (RFC 2047) in a title stays text: the email package would decode it, line ends and all.
    return line(subject.replace("=?", "= ?"), _SUBJECT_CHARS)


def _told(alert: Alert, words: Words) -> tuple[str, str]:
    if alert.refusal is not None:
        return _refusal(alert, alert.refusal, words)
    if alert.incidents:
        return _incidents(alert, words)
    return (_noted if alert.type in _NOTED else _alert)(alert, words)


def _noted(alert: Alert, words: Words) -> tuple[str, str]:
    """Return what the note of an alert says, all of it: a mail has room."""
    note = note_of(alert, words)
    # what opens a digest is its subject
    opening = (note.opening,) if alert.digest is None else ()
    told = (*opening, *note.most(lambda _paragraphs: True))
    text = [line_ for paragraph in told for line_ in (*map(_plain, paragraph.lines), "")]
    html = [f"<p>{'<br>'.join(map(_marked_up, paragraph.lines))}</p>" for paragraph in told]
    return "\n".join(text), _page(note.subject, html, words)


def _plain(spans: Line) -> str:
    """Return a line as text; an address stands below what it belongs to."""
    urls = [f"\n  {span.url}" for span in spans if span.url]
    return "".join((*(span.text for span in spans), *urls))


def _marked_up(spans: Line) -> str:
    return "".join(_span(span) for span in spans)


def _span(span: Span) -> str:
    shown = _linked(span.text, span.url)
    return f"<b>{shown}</b>" if span.look is Look.BOLD else shown


def _alert(alert: Alert, words: Words) -> tuple[str, str]:
    """Return the text and the HTML of an alert on one story."""
    story, match = alert.stories[0], alert.matches[0]
    source = story.sources[0]
    title, url = line(story.title) or story.id, safe_url(source.url)
    changed, marked_up = _updated(alert, alert.update, words)
    stands = alert.update is None or alert.update.after.level is not None
    quoted = [quote for quote in quotes(match.snippets) if quote.field is not Field.TITLE and stands]
    masked = words.masked(match)
    ignored = [f"{words.ignored}{words.colon} {masked}"] if masked else []
    breakdown = words.breakdown(match)
    why = [f"{words.why}{words.colon} {words.score(match)}", *([f"  {breakdown}"] if breakdown else []), *ignored]
    why = why if stands else []
    reference = f"{words.reference} {words.referred(alert)}"
    closing = [_judging(alert, words), " · ".join(part for part in (reference, words.spent(alert)) if part)]
    spread = [part for part in (words.spread_of(story), words.joined_of(alert)) if part]
    text = [
        _source(source, words),
        *spread,
        *([url] if url else []),
        *changed,
        *(words.quote(f"[…] {quote.text} […]") for quote in quoted),
        *why,
        *closing,
    ]
    html = [
        f"<h2>{_linked(title, url)}</h2>",
        f"<p>{'<br>'.join(escape(part) for part in (_source(source, words), *spread))}</p>",
        *([f"<p>{'<br>'.join(marked_up)}</p>"] if marked_up else []),
        *(f"<blockquote>{words.quote(f'[…] {_bold(quote)} […]')}</blockquote>" for quote in quoted),
        *([f"<p>{'<br>'.join(escape(part.strip()) for part in why)}</p>"] if why else []),
        f"<p><small>{'<br>'.join([_answers(alert, words), *(escape(part) for part in closing[1:])])}</small></p>",
    ]
    return "\n".join(text) + "\n", _page(title, html, words)


def _answers(alert: Alert, words: Words) -> str:
    links = words.links(alert)
    return " · ".join(_linked(label, url) for label, url in links) if links else escape(_judging(alert, words))


def _updated(alert: Alert, update: Update | None, words: Words) -> tuple[list[str], list[str]]:
    """Return what happened to an article that was told, how its title and its level changed: as text and as HTML."""
    if update is None:
        return [], []
    happened = words.happened(alert)
    text, html = [f"{happened[:1].upper()}{happened[1:]}"], [f"<strong>{escape(happened)}</strong>"]
    if pieces := words.retitled(update):
        label = f"{words.title}{words.colon} "
        text.append(label + shown(pieces))
        html.append(escape(label) + _pieces(pieces))
    if level := words.relevelled(update):
        text.append(f"{words.level}{words.colon} {level}")
        html.append(escape(text[-1]))
    return text, html


def _pieces(pieces: tuple[Piece, ...]) -> str:
    marks = {Kind.OLD: "<del>{}</del>", Kind.NEW: "<ins>{}</ins>", Kind.SAME: "{}"}
    return " ".join(marks[piece.kind].format(escape(piece.text)) for piece in pieces)


def _refusal(alert: Alert, refusal: Refusal, words: Words) -> tuple[str, str]:
    """Return what was wrong with a rule set, that the one before it goes on, and what to do, as text and as HTML."""
    what, errors = line(refusal.error), [line(error) for error in refusal.errors]
    more = [words.recap_more.format(count=alert.truncated, command="veille check")] if alert.truncated else []
    live = words.refused_still(refusal)
    live = f"{live[:1].upper()}{live[1:]}."
    to_do = f"{words.to_do}{words.colon} {words.refused_to_do.format(check='veille check', **_RELOADS)}"
    reference = f"{words.reference} {alert.id}"
    text = [what, *(f"  {error}" for error in errors), *(f"  {part}" for part in more), "", live, to_do, "", reference]
    html = [
        f"<p>{escape(what)}</p>",
        *(["<ul>", *(f"<li><code>{escape(error)}</code></li>" for error in errors), "</ul>"] if errors else []),
        *(f"<p>{escape(part)}</p>" for part in more),
        f"<p>{escape(live)}<br>{escape(to_do)}</p>",
        f"<p><small>{escape(reference)}</small></p>",
    ]
    return "\n".join(text) + "\n", _page(words.refused_title(refusal), html, words)


def _incidents(alert: Alert, words: Words) -> tuple[str, str]:
    """Return what happened to sources, and what to do, as text and as HTML."""
    text, html = list[str](), list[str]()
    for incident in alert.incidents:
        name, url = line(source_name(incident.source)) or incident.source.host, safe_url(incident.source.address)
        told = [*sentences(alert, incident, words), *_particulars(incident, words)]
        text += [name, *([f"  {url}"] if url else []), *(f"  {part}" for part in told), ""]
        html += [f"<p><b>{_linked(name, url)}</b><br>{'<br>'.join(escape(part) for part in told)}</p>"]
    more = [words.recap_more.format(count=alert.truncated, command="veille feeds")] if alert.truncated else []
    steps = [f"{words.to_do}{words.colon} {step}" for step in to_do(alert, words, str)]
    reference = f"{words.reference} {alert.id}"
    text += [*more, *steps, reference]
    html += [
        *(f"<p>{escape(part)}</p>" for part in (*more, *steps)),
        f"<p><small>{escape(reference)}</small></p>",
    ]
    return "\n".join(text) + "\n", _page(headline(alert, words), html, words)


def _particulars(incident: Incident, words: Words) -> list[str]:
    """Return what comes from outside: the error, the address before a move."""
    error = error_of(incident)
    old = [f"{words.sources.old_url}{words.colon} {line(incident.old_url)}"] if incident.old_url else []
    return [*([line(error)] if error else []), *old]


def _source(source: StorySource, words: Words) -> str:
    where = f"{line(source.outlet, 100)}, {words.long_date(source.published_at)}"
    told = (where, words.completeness[source.completeness], words.credited(source))
    return " – ".join(part for part in told if part)


def _judging(alert: Alert, words: Words) -> str:
    """Return the links that answer an alert; the commands that judge it, where there is no public address."""
    if links := words.links(alert):
        return "   ".join(f"{label}{words.colon} {url}" for label, url in links)
    choices = ((words.relevant, words.yes), (words.irrelevant, words.no))
    return "   ".join(f"{label}{words.colon} veille label {alert.id} {answer}" for label, answer in choices)


def _linked(text: str, url: str | None) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>' if url else escape(text)


def _bold(quote: Snippet) -> str:
    """Return a quote as HTML, its terms in bold; marks that overlap an earlier one are left plain."""
    return "".join(f"<b>{escape(part)}</b>" if bold else escape(part) for part, bold in marked(quote))


def _page(title: str, body: list[str], words: Words) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
    return (
        f'<!doctype html>\n<html lang="{words.code}"><head>{head}</head><body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )
