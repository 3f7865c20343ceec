from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.monitor.cli.conftest import Veille


def test_what_init_writes_passes_the_check(veille: Veille, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = veille(
        *("init", "desk", "--press", "Suisse", "--rule", "front-kharkiv", "--webhook-url", "https://x.example/h"),
        *("--slack-webhook-url", "https://hooks.slack.com/services/T/B/x", "--contact", "desk@x.example"),
        *("--smtp-host", "mail.x.example", "--mail-from", "v@x.example", "--mail-to", "a@x.example,b@x.example"),
        *("--use", "clients"),
    )
    monkeypatch.chdir(folder / "desk")
    checked = veille("check")

    assert 0 == made.code
    assert "told: webhook, slack, mail" in made.out
    assert "ask the CFC" in made.out
    assert "  cd desk\n" in made.out
    assert 0 == checked.code
    assert "ok   routes: receivers: mail, slack, webhook" in checked.out
    assert "ok   rules: 1 rule, " in checked.out
    assert 0o600 == stat.S_IMODE((folder / "desk" / ".env").stat().st_mode)
    assert "VEILLE_WEBHOOK_SECRET='whsec_" in (folder / "desk" / ".env").read_text(encoding="utf-8")


@pytest.mark.untraced
def test_without_answers_everything_bundled_is_taken(veille: Veille, folder: Path) -> None:
    made = veille("init", "--yes", "--use", "personal")
    checked = veille("check", "--json").lines[0]

    assert "told: nobody yet" in made.out
    assert "CFC" not in made.out
    assert "  cd " not in made.out
    assert checked["ok"]
    assert checked["checks"][3]["found"].startswith("14 rules, ")
    assert "Not in use" in (folder / "routes.yaml").read_text(encoding="utf-8")


def test_a_person_is_asked_and_asked_again(veille: Veille, folder: Path) -> None:
    answers = ["lune", "québec, suisse", "front-kharkiv", "https://x.example/h", "", "mail.x.example"]
    answers += ["nimporte", "v@x.example", "pasunmail", "a@x.example", "desk@x.example", "research"]
    made = veille("init", "desk", given="\n".join(answers).encode() + b"\n", terminal=True)
    env = (folder / "desk" / ".env").read_text(encoding="utf-8")

    assert 0 == made.code
    assert "no such answer 'lune'" in made.out + made.err
    assert "VEILLE_MAIL_FROM: 'nimporte' is not a mail address" in made.out + made.err
    assert "VEILLE_MAIL_TO: 'pasunmail' is not a mail address" in made.out + made.err
    assert "VEILLE_WEBHOOK_SECRET in .env is new" in made.out
    assert "rules front-kharkiv; told: webhook, mail" in made.out
    assert "# What the alerts are for: research.\n" in env
    assert "VEILLE_CONTACT='desk@x.example'\n" in env


def test_a_person_may_go_away(veille: Veille, folder: Path) -> None:
    made = veille("init", "desk", terminal=True)

    assert 1 == made.code
    assert not (folder / "desk").exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--press", "lune"], "no selection of the press 'lune'; there are nationale, "),
        (["--rule", "rien"], "no bundled rule 'rien'; there are axe-moscou-pekin, "),
        (["--webhook-url", "x.example"], "VEILLE_WEBHOOK_URL: must be an address"),
        (["--smtp-host", "mail.x.example"], "VEILLE_SMTP_HOST needs VEILLE_MAIL_TO"),
        (["--contact", "l'oeil"], "VEILLE_CONTACT: holds a line break or an apostrophe"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    veille: Veille, folder: Path, words: list[str], expected: str
) -> None:
    made = veille("init", "desk", *words)

    assert 2 == made.code
    assert expected in made.err
    assert not (folder / "desk").exists()


def test_what_is_there_is_kept_unless_forced(veille: Veille, folder: Path) -> None:
    (folder / ".env").write_text("VEILLE_WORKERS=3\n", encoding="utf-8")
    kept, forced = veille("init", "-y"), veille("init", "-y", "--force")

    assert (2, "veille: already there: .env; choose another folder, or --force\n") == (kept.code, kept.err)
    assert 0 == forced.code
    assert "WORKERS" not in (folder / ".env").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_told(veille: Veille, folder: Path) -> None:
    (folder / "desk").write_text("", encoding="utf-8")
    made = veille("init", "desk", "-y")

    assert (2, "veille: desk: cannot be written: File exists\n") == (made.code, made.err)
