"""E-mail, over real SMTP on loopback, and read back by the standard library's parser."""

from __future__ import annotations

import asyncio
import ssl
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
import trustme
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.alerting import message_id
from monitor.deliver.mail import MailSender, address
from monitor.deliver.smtp import SmtpServer, _Exchange
from monitor.errors import DeliveryError, FetchError, Reason, SettingsError
from monitor.model import Alert, Channel, Receipt
from monitor.settings import Language, SmtpTls
from tests.monitor.deliver.benches import LOOPBACK_NETWORK, PASSWORD, mail_sender
from tests.monitor.deliver.conftest import Golden
from tests.monitor.deliver.samples import (
    DIGESTS,
    INCIDENTS,
    RETITLED,
    SPENT,
    STORY,
    TITLE,
    TROUBLES,
    UNDELIVERED,
    alert,
    delivery,
    hostile,
    incident_for,
    recap,
    refused,
    refused_for,
    updated,
)
from tests.monitor.deliver.servers import LOOPBACK, PHASES, SmtpReceiver, SmtpScript, smtp
from tests.monitor.tcp import tcp

MESSAGE_ID = "msg_7K2Q4M9T_7ZHEMTHQ"
DESK, NIGHT, CHIEF = "desk@example.org", "nuit@example.org", "chef@example.org"


def rendered(planned: Alert, language: Language = Language.FR) -> bytes:
    return mail_sender(1, to=(DESK, NIGHT), language=language).render(planned, MESSAGE_ID).body


def read(body: bytes) -> EmailMessage:
    message = BytesParser(_class=EmailMessage, policy=default).parsebytes(body)
    for part in message.walk():
        assert part.defects == []
    return message


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


@dataclass
class Attempts:
    """A sender and its server, for as many attempts as a test makes."""

    sender: MailSender

    async def one(self) -> Receipt:
        return await self.sender.send(delivery(self.sender.render(alert(), MESSAGE_ID), Channel.MAIL))

    async def fails(self) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            await self.one()
        return caught.value


@asynccontextmanager
async def attempts(receiver: SmtpReceiver, to: Sequence[str] = (DESK,), **options: object) -> AsyncIterator[Attempts]:
    async with smtp(receiver) as port:
        yield Attempts(mail_sender(port, to=to, **options))  # type: ignore[arg-type]  # options by name


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("name", "planned"),
    [
        ("alert", alert()),
        ("spent", SPENT),
        ("recap", recap(3, 9)),
        ("refusal", refused(errors=12)),
        ("raised", updated(RETITLED, TITLE)),
        ("lost", updated(RETITLED, TITLE, level=None)),
        *INCIDENTS.items(),
        *TROUBLES.items(),
        *DIGESTS.items(),
        *UNDELIVERED.items(),
    ],
)
def test_the_reader_receives_what_was_agreed(name: str, planned: Alert, language: Language, golden: Golden) -> None:
    message = read(rendered(planned, language))

    golden(f"mail-{name}-{language}.txt", f"{message['Subject']}\n\n{content(message, 'plain')}")
    golden(f"mail-{name}-{language}.html", content(message, "html"))


@pytest.mark.parametrize(
    ("language", "silence"), [(Language.FR, "Couper 24 h : "), (Language.EN, "Silence for 24 h: ")]
)
def test_an_alert_with_links_says_where_to_answer_instead_of_how(language: Language, silence: str) -> None:
    names = ("relevant", "not_relevant", "silence", "review")
    links = tuple((name, f"https://veille.example/alerts/al_1/{name}") for name in names)
    message = read(rendered(replace(alert(), links=links), language))

    assert silence + dict(links)["silence"] in content(message, "plain")
    assert all(f'href="{url}"' in content(message, "html") for _, url in links)
    assert "veille label" not in content(message, "plain") + content(message, "html")


def test_O4_an_update_threads_under_the_first_message_to_that_receiver() -> None:
    first, update = (read(rendered(planned)) for planned in (alert(), updated(RETITLED, TITLE)))
    [to_mail] = [id_ for name, id_ in updated(RETITLED, TITLE).update.threads if name == "mail"]  # type: ignore[union-attr]  # an update

    assert ("<st_0123456789abcdef@example.org>", None) == (first["References"], first["In-Reply-To"])
    assert f"<st_0123456789abcdef@example.org> <{to_mail}@example.org>" == update["References"].strip()
    assert f"<{to_mail}@example.org>" == update["In-Reply-To"]
    assert to_mail == message_id(alert().id, "mail")


def test_O4_who_never_had_the_first_message_is_sent_no_thread() -> None:
    planned = updated(RETITLED, TITLE)
    assert planned.update is not None

    assert None is read(rendered(replace(planned, update=replace(planned.update, threads=()))))["In-Reply-To"]


def test_O3_headers_are_each_there_once() -> None:
    message = read(rendered(alert()))
    headers = {name: message.get_all(name) for name in message}

    assert headers == {
        "Subject": [
            "[Élevé] Axe Moscou–Pékin – Poutine attendu à Harbin, en Chine, pour un sommet sur le fret fluvial"
        ],
        "From": ['"Veille, équipe" <veille@example.org>'],
        "To": ["desk@example.org, nuit@example.org"],
        "Date": ["Thu, 16 May 2024 07:12:07 +0200"],
        "Message-ID": [f"<{MESSAGE_ID}@example.org>"],
        "References": [f"<{STORY.id}@example.org>"],
        "Auto-Submitted": ["auto-generated"],
        "X-Veille-Alert": [alert().id],
        "X-Veille-Type": ["story.alert.new"],
        "MIME-Version": ["1.0"],
        "Content-Type": [f'multipart/alternative; boundary="=_{MESSAGE_ID}"'],
    }


def test_O6_a_dangerous_address_is_not_linked() -> None:
    message = read(rendered(hostile("javascript:alert(1)")))

    assert "href" not in content(message, "html")


def test_html_from_outside_is_text() -> None:
    message = read(rendered(hostile("<script>alert(1)</script>&amp;\"'")))

    assert "<script" not in content(message, "html")
    assert "<script>alert(1)</script>" in content(message, "plain")


@pytest.mark.parametrize(
    "title",
    [
        "Kharkiv =?utf-8?q?=0D=0ABcc:_evil@x.example?=",
        "=?utf-8?b?S2hhcmtpdg0KQmNjOiBldmlsQHguZXhhbXBsZQ==?=",
        "Kharkiv =?utf-7?q?+AAo-Bcc:_x?=",
        "Kharkiv =?unicode_escape?q?=5Cx0d=5Cx0a=5Cx0d=5Cx0aInjected?=",
        "Kharkiv =?utf-8?q?=ED=A0=80?=",
        "Kharkiv =?raw_unicode_escape?q?=5Cud800?=",
        "=?zlib?q?61?= =?hex?q?61?= =?idna?q?xn--a?=",
    ],
)
def test_O3_an_encoded_word_in_a_title_stays_text(title: str) -> None:
    planned = alert()
    told = replace(planned, stories=(replace(planned.stories[0], title=title),))
    message = read(rendered(told))

    assert set(message.keys()) == set(read(rendered(alert())).keys())
    assert title.replace("=?", "= ?")[:30] in message["Subject"]


@settings(deadline=None, max_examples=40)
@example(text="=?" * 9)
@given(text=st.text(max_size=200) | st.text(alphabet="\r\n \t:;=?<>\u2028\x85\x00é\ud800", max_size=200))
def test_O3_no_text_adds_a_header_a_recipient_or_a_long_line(text: str) -> None:
    body = rendered(hostile(text * 30))
    message = read(body)

    assert set(message.keys()) == set(read(rendered(alert())).keys())
    assert message["To"] == "desk@example.org, nuit@example.org"
    assert len(message["Subject"]) <= 210  # folding may add a space
    assert max(len(line) for line in body.split(b"\r\n")) <= 998
    assert body.isascii()
    assert b"\n" not in body.replace(b"\r\n", b"")


def test_a_refusal_has_the_headers_of_every_message() -> None:
    message = read(rendered(refused()))

    assert set(message.keys()) == set(read(rendered(recap())).keys())
    assert ("rules.rejected", refused().id) == (message["X-Veille-Type"], message["X-Veille-Alert"])


def test_a_refusal_without_errors_says_what_was_refused() -> None:
    message = read(rendered(refused(errors=0), Language.EN))

    assert "Rules refused: “rules: refused”" == message["Subject"]
    assert "rules: refused" in content(message, "plain")
    assert "<li>" not in content(message, "html")


def test_html_in_an_error_is_text() -> None:
    message = read(rendered(refused_for("<script>alert(1)</script>&amp;\"'")))

    assert "<script" not in content(message, "html")
    assert "<script>alert(1)</script>" in content(message, "plain")


@settings(deadline=None, max_examples=40)
@example(text="=?utf-8?q?=0D=0ABcc:_evil@x.example?=")
@given(text=st.text(max_size=200) | st.text(alphabet="\r\n \t:;=?<>\u2028\x85\x00é\ud800", max_size=200))
def test_O3_no_error_adds_a_header_a_recipient_or_a_long_line(text: str) -> None:
    body = rendered(refused_for(text * 30))
    message = read(body)

    assert set(message.keys()) == set(read(rendered(recap())).keys())
    assert message["To"] == "desk@example.org, nuit@example.org"
    assert max(len(line) for line in body.split(b"\r\n")) <= 998
    assert body.isascii()


def test_html_from_a_source_is_text() -> None:
    message = read(rendered(incident_for("<script>alert(1)</script>&amp;\"'")))

    assert "<script" not in content(message, "html")
    assert "<script>alert(1)</script>" in content(message, "plain")


@settings(deadline=None, max_examples=40)
@example(text="=?utf-8?q?=0D=0ABcc:_evil@x.example?=")
@given(text=st.text(max_size=200) | st.text(alphabet="\r\n \t:;=?<>\u2028\x85\x00é\ud800", max_size=200))
def test_O3_no_source_adds_a_header_a_recipient_or_a_long_line(text: str) -> None:
    body = rendered(incident_for(text * 30))
    message = read(body)

    assert set(message.keys()) == set(read(rendered(recap())).keys())
    assert message["To"] == "desk@example.org, nuit@example.org"
    assert max(len(line) for line in body.split(b"\r\n")) <= 998
    assert body.isascii()


# --- how it is sent ---------------------------------------------------------------------------------------------------


def test_D3_the_stored_bytes_are_the_sent_bytes() -> None:
    async def run() -> list[tuple[list[str], bytes]]:
        receiver = SmtpReceiver()
        async with attempts(receiver, (DESK, NIGHT)) as mail:
            assert await mail.one() == Receipt(status=250)
        return receiver.accepted

    assert asyncio.run(run()) == [([DESK, NIGHT], rendered(alert()))]


def test_D11_a_refused_recipient_does_not_stop_the_others() -> None:
    async def run() -> tuple[Receipt, list[str]]:
        receiver = SmtpReceiver(recipients={CHIEF: "550 5.1.1 unknown"})
        async with attempts(receiver, (DESK, CHIEF)) as mail:
            receipt = await mail.one()
        return receipt, receiver.accepted[0][0]

    assert asyncio.run(run()) == (Receipt(status=250, refused=(CHIEF,)), [DESK])


def test_D11_when_all_are_refused_it_is_over() -> None:
    async def run() -> DeliveryError:
        async with attempts(SmtpReceiver(recipients={DESK: "550 no", NIGHT: "551 no"}), (DESK, NIGHT)) as mail:
            return await mail.fails()

    error = asyncio.run(run())

    assert (Reason.REJECTED, False, 550) == (error.reason, error.retryable, error.status)
    assert DESK in str(error)


def test_D11_greylisting_is_tried_again_for_those_who_must_wait_only() -> None:
    async def run() -> tuple[DeliveryError, Receipt, list[list[str]]]:
        answers = {NIGHT: "450 4.2.0 greylisted", CHIEF: "550 unknown"}
        receiver = SmtpReceiver(recipients=answers)
        async with attempts(receiver, (DESK, NIGHT, CHIEF)) as mail:
            error = await mail.fails()
            del answers[NIGHT]
            receipt = await mail.one()
        return error, receipt, [to for to, _ in receiver.accepted]

    error, receipt, accepted = asyncio.run(run())

    assert (Reason.REJECTED, True, 450) == (error.reason, error.retryable, error.status)
    assert NIGHT in str(error)
    assert receipt == Receipt(status=250, refused=(CHIEF,))
    assert accepted == [[DESK], [NIGHT]]


def test_D4_who_has_the_message_is_remembered_over_a_failed_attempt() -> None:
    async def run() -> list[list[str]]:
        answers = {NIGHT: "450 later"}
        receiver = SmtpReceiver(recipients=answers)
        async with attempts(receiver, (DESK, NIGHT)) as mail:
            await mail.fails()
            del answers[NIGHT]
            receiver.data = "451 busy"
            await mail.fails()
            receiver.data = "250 taken"
            await mail.one()
        return [to for to, _ in receiver.accepted]

    assert asyncio.run(run()) == [[DESK], [NIGHT]]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.deliver.mail._REMEMBERED", 0)

    async def run() -> list[list[str]]:
        answers = {NIGHT: "450 later"}
        receiver = SmtpReceiver(recipients=answers)
        async with attempts(receiver, (DESK, NIGHT)) as mail:
            await mail.fails()
            del answers[NIGHT]
            await mail.one()
        return [to for to, _ in receiver.accepted]

    assert asyncio.run(run()) == [[DESK], [DESK, NIGHT]]


def test_D11_a_421_between_recipients_gives_the_message_to_nobody() -> None:
    async def run() -> tuple[DeliveryError, Receipt, list[list[str]]]:
        answers = {NIGHT: "421 4.3.2 closing"}
        receiver = SmtpReceiver(recipients=answers)
        async with attempts(receiver, (DESK, NIGHT, CHIEF)) as mail:
            error = await mail.fails()
            del answers[NIGHT]
            receipt = await mail.one()
        return error, receipt, [to for to, _ in receiver.accepted]

    error, receipt, accepted = asyncio.run(run())

    assert error.retryable
    assert receipt == Receipt(status=250)
    assert accepted == [[DESK, NIGHT, CHIEF]]


def test_D11_a_connection_lost_after_data_is_tried_again_under_the_same_message_id() -> None:
    async def run() -> tuple[DeliveryError, list[tuple[list[str], bytes]]]:
        receiver = SmtpReceiver(cut_after_data=True)
        async with attempts(receiver) as mail:
            error = await mail.fails()
            receiver.cut_after_data = False
            await mail.one()
        return error, receiver.accepted

    error, accepted = asyncio.run(run())
    ids = {read(body)["Message-ID"] for _, body in accepted}

    assert (Reason.CONNECTION, True) == (error.reason, error.retryable)
    assert len(accepted) == 2
    assert ids == {f"<{MESSAGE_ID}@example.org>"}


@pytest.mark.parametrize(
    ("behaviour", "reason", "retryable", "said"),
    [
        (SmtpReceiver(data="451 4.7.1 later"), Reason.UNAVAILABLE, True, "451 4.7.1"),
        (SmtpReceiver(data="552 too big"), Reason.REJECTED, False, "552"),
        (SmtpReceiver(sender="550 5.7.1 not you"), Reason.REJECTED, False, "550 5.7.1"),
        (SmtpReceiver(sender="421 closing"), Reason.UNAVAILABLE, True, "421"),
    ],
)
def test_D11_4xx_is_tried_again_and_5xx_is_not(
    behaviour: SmtpReceiver, reason: Reason, retryable: bool, said: str  # noqa: FBT001  a table's column
) -> None:  # fmt: skip
    async def run() -> DeliveryError:
        async with attempts(behaviour) as mail:
            return await mail.fails()

    error = asyncio.run(run())

    assert (reason, retryable) == (error.reason, error.retryable)
    assert said in str(error)


def scripted(phase: str, answer: str | None) -> DeliveryError:
    """Fail at one phase of the exchange."""
    tls = SmtpTls.STARTTLS if phase == "starttls" else SmtpTls.NONE

    async def run() -> DeliveryError:
        async with tcp(SmtpScript(phase, answer)) as port:
            return await Attempts(mail_sender(port, user="veille" if phase == "auth" else None, tls=tls)).fails()

    return asyncio.run(run())


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("code", [421, 451, 500, 550, 554])
def test_D11_a_refusal_at_any_phase_is_for_good_only_where_it_is_of_the_message(phase: str, code: int) -> None:
    error = scripted(phase, f"{code} 4.7.0 {PASSWORD}")
    of_the_message = phase in {"mail", "rcpt", "data", "message"}

    assert (code < 500 or not of_the_message) == error.retryable
    assert PASSWORD not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("answer", "reason"), [(None, Reason.TIMEOUT), ("", Reason.CONNECTION)])
def test_D11_silence_and_a_cut_are_tried_again_at_any_phase(phase: str, answer: str | None, reason: Reason) -> None:
    error = scripted(phase, answer)

    assert (reason, True) == (error.reason, error.retryable)


@pytest.mark.parametrize(
    ("phase", "answer", "reason"),
    [
        ("greeting", "554 no service for you", Reason.UNAVAILABLE),
        ("mail", "530 5.7.0 authentication required", Reason.AUTH),
        ("starttls", "530 no", Reason.AUTH),
        ("auth", "454 4.7.0 later", Reason.AUTH),
    ],
)
def test_D1_what_the_operator_or_the_server_can_mend_is_tried_again(phase: str, answer: str, reason: Reason) -> None:
    error = scripted(phase, answer)

    assert (reason, True) == (error.reason, error.retryable)


def test_D3_D11_after_greylisting_the_same_bytes_are_sent_under_the_same_message_id() -> None:
    async def run() -> tuple[DeliveryError, list[tuple[list[str], bytes]], bytes]:
        answers = {DESK: "450 4.2.0 greylisted, come back"}
        receiver = SmtpReceiver(recipients=answers)
        async with attempts(receiver) as mail:
            error = await mail.fails()
            answers.clear()
            await mail.one()
            return error, receiver.accepted, mail.sender.render(alert(), MESSAGE_ID).body

    error, accepted, body = asyncio.run(run())

    assert (Reason.UNAVAILABLE, True, 450) == (error.reason, error.retryable, error.status)
    assert [([DESK], body)] == accepted
    assert f"<{MESSAGE_ID}@example.org>" == read(body)["Message-ID"]


def test_an_answer_to_a_recipient_that_is_no_code_is_tried_again() -> None:
    async def run() -> DeliveryError:
        async with attempts(SmtpReceiver(recipients={DESK: "oui oui"})) as mail:
            return await mail.fails()

    assert asyncio.run(run()).retryable


def test_a_login_is_made_and_a_wrong_one_named_without_the_password() -> None:
    async def run() -> tuple[Receipt, DeliveryError]:
        async with attempts(SmtpReceiver(password=PASSWORD), user="veille") as mail:
            receipt = await mail.one()
        async with attempts(SmtpReceiver(password="another"), user="veille") as mail:
            return receipt, await mail.fails()

    receipt, error = asyncio.run(run())

    assert receipt.status == 250
    assert (Reason.AUTH, True, 535) == (error.reason, error.retryable, error.status)
    assert PASSWORD not in str(error)


def test_a_login_that_is_not_offered_is_said() -> None:
    async def run() -> DeliveryError:
        async with attempts(SmtpReceiver(), user="veille") as mail:
            return await mail.fails()

    assert "it does not offer a login, which VEILLE_SMTP_USER asks for" in str(asyncio.run(run()))


# --- TLS and addresses ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def contexts(authority: trustme.CA, name: str = LOOPBACK) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what the server shows and what the client trusts."""
    shown, trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(shown)
    authority.configure_trust(trusted)
    return shown, trusted


def over_tls(tls: SmtpTls, shown: ssl.SSLContext, trusted: ssl.SSLContext) -> Receipt:
    async def run() -> Receipt:
        receiver = SmtpReceiver()
        server = smtp(receiver, tls=shown) if tls is SmtpTls.TLS else smtp(receiver, starttls=shown)
        async with server as port:
            return await Attempts(mail_sender(port, tls=tls, context=trusted)).one()

    return asyncio.run(run())


@pytest.mark.parametrize("tls", [SmtpTls.TLS, SmtpTls.STARTTLS])
def test_mail_goes_over_tls(tls: SmtpTls, authority: trustme.CA) -> None:
    assert over_tls(tls, *contexts(authority)).status == 250


@pytest.mark.parametrize("tls", [SmtpTls.TLS, SmtpTls.STARTTLS])
def test_S7_a_certificate_of_another_name_is_refused(tls: SmtpTls, authority: trustme.CA) -> None:
    with pytest.raises(DeliveryError) as caught:
        over_tls(tls, *contexts(authority, "ailleurs.example"))

    assert (Reason.TLS, True) == (caught.value.reason, caught.value.retryable)


def test_S7_a_certificate_of_nobody_known_is_refused(authority: trustme.CA) -> None:
    shown, _ = contexts(authority)
    with pytest.raises(DeliveryError, match="TLS: unable to get local issuer certificate") as caught:
        over_tls(SmtpTls.STARTTLS, shown, ssl.create_default_context())

    assert (Reason.TLS, True) == (caught.value.reason, caught.value.retryable)


def test_S7_mail_is_not_sent_in_the_clear_where_starttls_is_asked_for() -> None:
    async def run() -> tuple[DeliveryError, SmtpReceiver]:
        receiver = SmtpReceiver()
        async with attempts(receiver, tls=SmtpTls.STARTTLS) as mail:
            return await mail.fails(), receiver

    error, receiver = asyncio.run(run())

    assert error.reason is Reason.TLS
    assert "it does not offer STARTTLS, which VEILLE_SMTP_TLS asks for" in str(error)
    assert receiver.accepted == []


def resolved(*addresses: str, receiver: SmtpReceiver) -> Receipt:
    """Send to a name that resolves to these addresses."""

    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    async def run() -> Receipt:
        async with smtp(receiver) as port:
            sender = mail_sender(port)
            sender._server = SmtpServer(
                "mail.example", port, SmtpTls.NONE, allow_networks=LOOPBACK_NETWORK, resolver=resolver, deadline_s=2
            )
            return await Attempts(sender).one()

    return asyncio.run(run())


def test_S2_it_connects_to_the_address_that_was_checked() -> None:
    receiver = SmtpReceiver()

    assert resolved(LOOPBACK, receiver=receiver).status == 250
    assert len(receiver.accepted) == 1


def test_another_address_of_the_name_is_tried() -> None:
    assert resolved("127.0.0.2", LOOPBACK, receiver=SmtpReceiver()).status == 250


def test_D4_a_name_with_many_addresses_leaves_the_server_as_much_time_to_answer() -> None:
    receiver = SmtpReceiver(data_after_s=0.7)

    assert resolved(*[LOOPBACK] * 4, receiver=receiver).status == 250
    assert len(receiver.accepted) == 1


def test_S3_a_name_with_one_private_address_is_refused() -> None:
    with pytest.raises(DeliveryError) as caught:
        resolved(LOOPBACK, "10.0.0.1", receiver=SmtpReceiver())

    assert (Reason.ADDRESS_REFUSED, True) == (caught.value.reason, caught.value.retryable)
    assert isinstance(caught.value.__cause__, DeliveryError)
    assert isinstance(caught.value.__cause__.__cause__, FetchError)


def test_a_server_that_drips_is_given_up_on_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"220-encore un instant\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def run() -> tuple[DeliveryError, float]:
        loop = asyncio.get_running_loop()
        async with tcp(drip) as port:
            began = loop.time()
            return await Attempts(mail_sender(port)).fails(), loop.time() - began

    error, took_s = asyncio.run(run())

    assert (Reason.TIMEOUT, True) == (error.reason, error.retryable)
    assert took_s < 1.5


def test_D9_servers_that_never_answer_hold_no_other_up() -> None:
    async def run() -> list[bool]:
        connected = asyncio.Semaphore(0)

        async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.release()
            await reader.read()

        async with tcp(silence) as port:
            server = SmtpServer(LOOPBACK, port, SmtpTls.NONE, allow_networks=LOOPBACK_NETWORK, deadline_s=60)
            hung = [asyncio.create_task(server.send("veille@example.org", [DESK], b"")) for _ in range(40)]
            for _ in hung:
                await connected.acquire()
            gave_up = [task.done() for task in hung]
            for task in hung:
                task.cancel()
            await asyncio.gather(*hung, return_exceptions=True)
            return gave_up

    assert [False] * 40 == asyncio.run(run())


def test_R5_a_server_that_never_ends_its_answer_is_hung_up_on() -> None:
    sent = 0

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"220 mail.example\r\n")
        while True:
            writer.write(b"250-" + b"A" * 500 + b"\r\n")
            await writer.drain()
            sent += 506

    async def run() -> DeliveryError:
        async with tcp(babble) as port:
            return await Attempts(mail_sender(port)).fails()

    error = asyncio.run(run())

    assert (Reason.CONNECTION, True) == (error.reason, error.retryable)
    assert sent < 20_000_000


def test_an_exchange_given_up_on_before_it_connects_sends_nothing() -> None:
    async def run() -> SmtpReceiver:
        receiver = SmtpReceiver()
        async with smtp(receiver) as port:
            exchange = _Exchange(SmtpServer(LOOPBACK, port, SmtpTls.NONE))
            exchange.abort()
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(exchange.run, [LOOPBACK], "veille@example.org", [DESK], b"")
        return receiver

    assert asyncio.run(run()).accepted == []


# --- settings ---------------------------------------------------------------------------------------------------------


def test_an_address_may_bear_a_name() -> None:
    parsed = address("Équipe de veille <veille@example.org>", "VEILLE_MAIL_FROM")

    assert ("Équipe de veille", "veille@example.org") == (parsed.display_name, parsed.addr_spec)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "veille",
        "@example.org",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "équipe@example.org",
        "veille@exämple.org",
        "a b@example.org",
        "Groupe: a@example.org;",
    ],
)
def test_what_is_no_address_is_refused_by_the_name_of_its_setting(text: str) -> None:
    with pytest.raises(SettingsError, match="VEILLE_MAIL_TO: "):
        address(text, "VEILLE_MAIL_TO")
