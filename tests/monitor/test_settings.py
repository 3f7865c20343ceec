from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

from monitor.errors import SettingsError
from monitor.settings import Settings, SmtpTls, effective, load_settings, without_secrets


def test_the_defaults_are_valid_and_quiet() -> None:
    settings = load_settings()

    assert ("veille.db", None, 300, None) == (
        settings.database,
        settings.feeds,
        settings.poll_min_s,
        settings.webhook_url,
    )


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / "veille.env"
    env_file.write_text("VEILLE_POLL_MIN_S=10\nVEILLE_WORKERS=3\nOTHER=1\n")
    monkeypatch.setenv("VEILLE_POLL_MIN_S", "20")

    settings = load_settings(env_file)

    assert (20, 3) == (settings.poll_min_s, settings.workers)


def test_an_override_wins_over_everything_and_none_is_no_override(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_DATABASE", "env.db")

    assert "typed.db" == load_settings(database="typed.db").database
    assert "env.db" == load_settings(database=None).database


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_FETCH_ALLOW_NETWORKS", "127.0.0.0/8, ::1/128")
    monkeypatch.setenv("VEILLE_MAIL_TO", "a@example.org,b@example.org")
    monkeypatch.setenv("VEILLE_SMTP_HOST", "smtp.example.org")
    monkeypatch.setenv("VEILLE_MAIL_FROM", "veille@example.org")
    monkeypatch.setenv("VEILLE_SMTP_TLS", "TLS")

    settings = load_settings()

    assert (ip_network("127.0.0.0/8"), ip_network("::1/128")) == settings.fetch_allow_networks
    assert ("a@example.org", "b@example.org") == settings.mail_to
    assert SmtpTls.TLS is settings.smtp_tls


def test_a_blank_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", "")
    monkeypatch.setenv("VEILLE_POLL_MIN_S", "")

    settings = load_settings()

    assert (None, 300) == (settings.webhook_url, settings.poll_min_s)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("VEILLE_ROUTES routes.yaml", "not a line of the form VEILLE_NAME=value"),
        ("VEILLE_ROUTES: routes.yaml", "not a line of the form VEILLE_NAME=value"),
        ('VEILLE_ROUTES="routes.yaml', "a quote is not closed"),
        ("VEILE_ROUTES=routes.yaml", "VEILE_ROUTES: no such setting; did you mean VEILLE_ROUTES?"),
        ("veile_poll_max_s=60", "did you mean VEILLE_POLL_MAX_S?"),
    ],
)
def test_a_line_that_would_be_passed_over_is_refused(tmp_path: Path, line: str, told: str) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(f"# mine\n\nexport TZ=UTC\n{line}\n", encoding="utf-8")

    with pytest.raises(SettingsError, match=rf"\.env:4: .*{re.escape(told)}"):
        load_settings(env_file)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("VEILLE_POLL_MINI_S", "3", "VEILLE_POLL_MINI_S: no such setting; did you mean VEILLE_POLL_MIN_S?"),
        ("VEILLE_QQQ", "3", "VEILLE_QQQ: no such setting; docs/settings.md lists them all"),
        ("VEILLE_POLL_MIN_S", "soon", "VEILLE_POLL_MIN_S: 'soon': Input should be a valid number"),
        ("VEILLE_POLL_MIN_S", "0.5", "greater than or equal to 1"),
        ("VEILLE_POLL_MAX_S", "inf", "less than or equal to 2592000"),
        ("VEILLE_RETRY_MAX_S", "1e300", "less than or equal to 2592000"),
        ("VEILLE_BASELINE_MAX_AGE_H", "inf", "less than or equal to"),
        ("VEILLE_USER_AGENT", "veille\nX-Autre: 1", "printable ASCII only"),
        ("VEILLE_CONTACT", "rédaction@gazette.example", "printable ASCII only"),
        ("VEILLE_POLL_MAX_S", "2", "VEILLE_POLL_MAX_S must be at least VEILLE_POLL_MIN_S (300)"),
        ("VEILLE_RETRY_MAX_S", "2", "VEILLE_RETRY_MAX_S must be at least VEILLE_RETRY_FIRST_S (5)"),
        ("VEILLE_TIME_ZONE", "Europe/Pariss", "did you mean Europe/Paris?"),
        ("VEILLE_TIME_ZONE", "New York", "did you mean America/New_York?"),
        ("VEILLE_TIME_ZONE", "x", "must be an IANA time zone"),
        ("VEILLE_LANGUAGE", "de", "'fr' or 'en'"),
        ("VEILLE_HTTP_ADDRESS", "0.0.0.0:9464", "must be a loopback address and a port"),
        ("VEILLE_HTTP_ADDRESS", "localhost:no", "must be a loopback address and a port"),
        ("VEILLE_HTTP_ADDRESS", "example.org:80", "must be a loopback address and a port"),
        ("VEILLE_FETCH_ALLOW_NETWORKS", "10.0.0.0/99", "VEILLE_FETCH_ALLOW_NETWORKS"),
        ("VEILLE_PUBLIC_URL", "veille.example.org", "begins with http:// or https://"),
        ("VEILLE_MAIL_TO", "a@example.org", "VEILLE_MAIL_TO needs VEILLE_SMTP_HOST"),
        ("VEILLE_SMTP_HOST", "smtp.example.org", "VEILLE_SMTP_HOST needs VEILLE_MAIL_TO"),
        ("VEILLE_WEBHOOK_SECRET", "whsec_x", "VEILLE_WEBHOOK_SECRET needs VEILLE_WEBHOOK_URL"),
        ("VEILLE_WEBSUB_CALLBACK", "https://veille.example", "VEILLE_WEBSUB_CALLBACK needs VEILLE_HTTP_ADDRESS"),
        ("VEILLE_WEBSUB_CALLBACK", "http://veille.example", "must be an address that begins with https://"),
        ("VEILLE_WEBSUB_CALLBACK", "https://a:b@veille.example", "must be an address that begins with https://"),
        ("VEILLE_WEBSUB_CALLBACK", "https://veille.example/?a=1", "holds no user name, query or fragment"),
        ("VEILLE_QQQ", "", "VEILLE_QQQ: no such setting"),
        ("VEILLE_DATABASE", "/", "VEILLE_DATABASE: '/': must be the path of a file, not of a folder"),
        ("VEILLE_DATABASE", "sqlite:///.", "must be the path of a file, not of a folder"),
        ("VEILLE_DATABASE", "postgresql://x/y", "must be the path of an SQLite file, or its URL (sqlite:///…)"),
        ("VEILLE_DATABASE", ":memory:", "must be the path of an SQLite file"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    name: str, value: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert expected in str(caught.value)


def test_a_wrong_network_is_one_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_FETCH_ALLOW_NETWORKS", "10.0.0.0/8,tout")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(
        "VEILLE_FETCH_ALLOW_NETWORKS: '10.0.0.0/8,tout': must be networks such as 10.0.0.0/8, separated by commas: "
    )
    assert 1 == len(str(caught.value).splitlines())


def test_mail_needs_a_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_MAIL_TO", "a@example.org")
    monkeypatch.setenv("VEILLE_SMTP_HOST", "smtp.example.org")

    with pytest.raises(SettingsError, match="VEILLE_MAIL_FROM"):
        load_settings()


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WORKERS", "none")
    monkeypatch.setenv("VEILLE_POLL_MIN_S", "soon")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert 2 == len(str(caught.value).splitlines())


def test_a_secret_is_never_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_WEBHOOK_URL", "ftp://hooks.example.org/topsecret")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "topsecret" not in str(caught.value)


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    monkeypatch.setenv("VEILLE_SMTP_PASSWORD_FILE", str(tmp_path / "password"))

    settings = load_settings()

    assert settings.smtp_password is not None
    assert "s3cret" == settings.smtp_password.get_secret_value()


def test_a_secret_file_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_SMTP_PASSWORD_FILE", str(tmp_path / "absent"))

    with pytest.raises(SettingsError, match="VEILLE_SMTP_PASSWORD_FILE: the file cannot be read"):
        load_settings()


def test_a_secret_given_twice_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text("a")
    monkeypatch.setenv("VEILLE_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("VEILLE_SMTP_PASSWORD", "b")

    with pytest.raises(SettingsError, match="keep one of the two"):
        load_settings()


def test_only_secrets_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_DATABASE_FILE", "x")

    with pytest.raises(SettingsError, match="VEILLE_DATABASE_FILE: no such setting"):
        load_settings()


def test_an_env_file_must_exist_and_be_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "absent")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00VEILLE")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "binary")


def test_the_effective_settings_mask_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_SLACK_WEBHOOK_URL", "https://hooks.example.org/topsecret")
    monkeypatch.setenv("VEILLE_FETCH_ALLOW_NETWORKS", "127.0.0.0/8,10.0.0.0/8")

    shown = effective(load_settings())

    assert "********" == shown["VEILLE_SLACK_WEBHOOK_URL"]
    assert "127.0.0.0/8,10.0.0.0/8" == shown["VEILLE_FETCH_ALLOW_NETWORKS"]
    assert ("", "300") == (shown["VEILLE_FEEDS"], shown["VEILLE_POLL_MIN_S"])
    assert "topsecret" not in repr(load_settings())


def test_the_zone_is_ready_to_use() -> None:
    assert "Europe/Paris" == load_settings().zone.key


def test_paths_of_an_env_file_count_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / "veille.env"
    env_file.write_text(
        "VEILLE_FEEDS=feeds.opml\nVEILLE_DATABASE=veille.db\nVEILLE_RULES=/etc/rules\nVEILLE_ROUTES=r.yaml\n"
    )
    monkeypatch.setenv("VEILLE_ROUTES", "mine.yaml")

    settings = load_settings(env_file, database="typed.db")

    assert tmp_path / "feeds.opml" == settings.feeds
    assert (Path("/etc/rules"), Path("mine.yaml"), "typed.db") == (settings.rules, settings.routes, settings.database)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:////var/lib/veille.db", "sqlite:////var/lib/veille.db"),
        ("sqlite:///veille.db", "sqlite:///FOLDER/veille.db"),
        ("veille.db", "FOLDER/veille.db"),
    ],
)
def test_a_database_of_an_env_file_counts_from_its_folder(tmp_path: Path, given: str, meant: str) -> None:
    env_file = tmp_path / "veille.env"
    env_file.write_text(f"VEILLE_DATABASE={given}\n")

    assert meant.replace("FOLDER", str(tmp_path)) == load_settings(env_file).database


def test_the_file_of_a_secret_counts_from_the_env_file_s_folder(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    env_file = tmp_path / "veille.env"
    env_file.write_text("VEILLE_SMTP_PASSWORD_FILE=password\n")
    settings = load_settings(env_file)

    assert settings.smtp_password is not None
    assert "s3cret" == settings.smtp_password.get_secret_value()


def test_an_empty_value_in_the_environment_leaves_the_file_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file = tmp_path / "veille.env"
    env_file.write_text("VEILLE_WORKERS=3\n")
    monkeypatch.setenv("VEILLE_WORKERS", "")

    assert 3 == load_settings(env_file).workers


def test_a_path_with_a_nul_is_refused_by_name(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text('VEILLE_RULES="regles\0"\n', encoding="utf-8")

    with pytest.raises(SettingsError, match=r"VEILLE_RULES.*NUL"):
        load_settings(env_file)


def test_X4_every_secret_is_masked_in_a_text() -> None:
    settings = load_settings(
        slack_webhook_url="https://hooks.example.org/services/T0/B0/topsecret",
        webhook_url="https://a.example/hook",
        webhook_secret="whsec_one,whsec_other",
        smtp_password="pw",
    )
    text = "https://hooks.example.org/services/T0/B0/topsecret services/T0/B0/topsecret whsec_one whsec_other"

    assert "******** ******** ******** ********" == without_secrets(text, settings)
    assert "a hook, pw" == without_secrets("a hook, pw", settings)  # too short to be told from words


def test_without_secrets_set_a_text_stays() -> None:
    assert "https://hooks.example.org/x" == without_secrets("https://hooks.example.org/x", load_settings())


def test_secrets_of_receivers_are_read_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("jeton-de-nuit\n", encoding="utf-8")
    file = tmp_path / ".env"
    file.write_text("VEILLE_SECRET_DESK=https://hooks.example/desk\nVEILLE_SECRET_NIGHT_FILE=token\n", encoding="utf-8")
    monkeypatch.setenv("VEILLE_SECRET_DAY", "jeton-de-jour")
    settings = load_settings(file)
    names = ("VEILLE_SECRET_DAY", "VEILLE_SECRET_DESK", "VEILLE_SECRET_NIGHT")
    secrets = [secret.get_secret_value() for name in names if (secret := settings.secret(name)) is not None]

    assert ["jeton-de-jour", "https://hooks.example/desk", "jeton-de-nuit"] == secrets
    assert names == settings.secret_names
    assert "********" == effective(settings)["VEILLE_SECRET_DESK"]
    assert "un ******** dit" == without_secrets("un jeton-de-nuit dit", settings)
    assert None is settings.secret("VEILLE_SECRET_OTHER")


def test_secrets_of_receivers_are_looked_up_again_as_a_restart_would(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("VEILLE_SECRET_OLD=ancien\nVEILLE_WORKERS=3\n", encoding="utf-8")
    settings = load_settings(file, workers=4)
    (tmp_path / "token").write_text("jeton\n", encoding="utf-8")
    file.write_text("VEILLE_SECRET_NIGHT_FILE=token\nVEILLE_SECRET_DESK=neuf\nVEILLE_WORKERS=5\n", encoding="utf-8")
    renewed = settings.renewed()

    assert ("VEILLE_SECRET_OLD",) == settings.secret_names
    assert ("VEILLE_SECRET_DESK", "VEILLE_SECRET_NIGHT") == renewed.secret_names == renewed.renewed().secret_names
    assert 4 == renewed.workers
    assert () == Settings().renewed().secret_names

    file.unlink()
    with pytest.raises(SettingsError, match="no such file"):
        settings.renewed()


def test_a_secret_without_a_name_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEILLE_SECRET_", "x")

    with pytest.raises(SettingsError, match="VEILLE_SECRET_: no such setting"):
        load_settings(None)
