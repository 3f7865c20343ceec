"""How to get off the list (promise O5)."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deliver.unsubscribe import unsubscribing
from monitor.errors import SettingsError
from monitor.model import Alert
from tests.monitor.deliver.benches import mail_sender
from tests.monitor.deliver.samples import DIGESTS, alert

CLICK, MAIL = "https://listes.example.org/desk?jeton=" + "a1b2-" * 40, "mailto:desk-off@example.org?subject=fin"


def headers(*addresses: str) -> EmailMessage:
    body = unsubscribing(addresses, where="mail") + mail_sender(1).render(alert(), "msg_1_2").body
    return BytesParser(_class=EmailMessage, policy=default).parsebytes(body)


def test_o5_one_click_is_offered_only_where_there_is_an_https_address() -> None:
    both, mail, none = headers(CLICK, MAIL), headers(MAIL), headers()

    assert f"<{CLICK}>, <{MAIL}>" == both["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == both["List-Unsubscribe-Post"]
    assert (f"<{MAIL}>", None) == (mail["List-Unsubscribe"], mail["List-Unsubscribe-Post"])
    assert (None, None) == (none["List-Unsubscribe"], none["List-Unsubscribe-Post"])
    assert alert().id == both["X-Veille-Alert"]


@pytest.mark.parametrize("planned", [alert(), *DIGESTS.values()])
def test_o5_every_message_of_a_receiver_says_how(planned: Alert) -> None:
    body = mail_sender(1, unsubscribe=unsubscribing([CLICK], where="mail")).render(planned, "msg_1_2").body

    assert body.startswith(
        f"List-Unsubscribe: <{CLICK}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode()
    )


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        (["http://listes.example.org/desk"], "is neither"),
        (["listes.example.org"], "is neither"),
        (["mailto:personne"], "is neither"),
        (["javascript:alert(1)"], "is neither"),
        (["https://listes.example.org/é"], "is neither"),
        (["https://a.example/> , <mailto:x@y.example"], "is neither"),
        (["https://a.example/" + "a" * 1000], "is neither"),
        (["https://a.example/", "https://b.example/"], "one https address"),
    ],
)
def test_an_address_that_mail_programs_cannot_use_is_refused(addresses: list[str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        unsubscribing(addresses, where="receiver mail")


@given(st.text(alphabet='\r\n <>,;:@/a.é\x00"', max_size=30))
def test_o3_no_address_adds_a_header(text: str) -> None:
    try:
        made = unsubscribing([f"https://a.example/{text}"], where="mail")
    except SettingsError:
        return

    assert 2 == made.count(b"\r\n")
    assert all(len(line) <= 998 for line in made.split(b"\r\n"))
