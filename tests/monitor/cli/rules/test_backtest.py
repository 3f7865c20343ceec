from __future__ import annotations

from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.store import Store
from rules.types import Pack
from tests.monitor.archive import store_article
from tests.monitor.cli.conftest import Veille


def test_each_rule_is_counted_with_what_people_said(veille: Veille, archive: Path) -> None:
    veille("label", "1", "oui")
    got = veille("rules", "backtest")
    lines = got.out.splitlines()

    assert (0, "6 stored articles of 3 days judged") == (got.code, lines[0])
    assert ["lune", "experimental", "2", "0.7"] == lines[4].split("\t")[:4]
    assert ["0", "1", "0"] == lines[4].split("\t")[5:]
    assert ["mars", "stable", "2", "0.7"] == lines[5].split("\t")[:4]


def test_the_whole_is_told_to_programs(veille: Veille, archive: Path) -> None:
    veille("label", "1", "non")
    (got,) = veille("rules", "backtest", "--json").lines
    lune, mars = got["rules"]

    assert (6, 3, 0) == (got["articles"], got["days"], got["withheld"])
    assert (2, 0, 0, 1) == (lune["matches"], lune["near_misses"], lune["relevant"], lune["not_relevant"])
    assert {"share": 0.0, "interval_95": [0.0, 0.7935]} == lune["precision"]
    assert (None, 2) == (mars["precision"], sum(mars["by_day"].values()))
    assert max(mars["by_day"].values()) == mars["busiest_day"]["matches"]


def test_other_rules_are_judged_by_name(veille: Veille, archive: Path, folder: Path) -> None:
    (folder / "r.txt").write_text("fleurs\nVénus\n", encoding="utf-8")
    (got,) = veille("rules", "backtest", "--rules", "r.txt", "--json").lines

    assert [("fleurs", 1), ("venus", 0)] == [(each["rule"], each["matches"]) for each in got["rules"]]
    assert got["rules"][1]["busiest_day"] is None


def test_what_another_set_would_change_is_told(veille: Veille, archive: Path, folder: Path) -> None:
    """Of the two alerts of `mars` one goes; `fleurs` comes; `lune` is experimental and alerts nobody."""
    numbers = {line["title"]: line["id"] for line in veille("matches", "--rule", "mars", "--json").lines}
    veille("label", str(numbers["Mars en vue"]), "oui")
    (folder / "new").mkdir()
    (folder / "new" / "r.yaml").write_text(
        "- fleurs\n- {id: mars, title: Mars, terms: {a: {any: [Mars]}, b: {any: [vol]}}, condition: a and b}\n",
        encoding="utf-8",
    )
    got = veille("rules", "backtest", "--diff", "new")

    assert 0 == got.code
    assert got.out.startswith(
        "+1 / −1 alerts in 3 days; the one lost was marked relevant\n"
        "0.7 → 0.7 alerts a day; 6 stored articles of 3 days judged\n\n"
        "By rule\nrule\tbefore\tafter\tgained\tlost\n"
    )
    assert "mars\t2\t1\t0\t1\n" in got.out
    assert "fleurs\t0\t1\t1\t0\n" in got.out
    gained, lost = got.out.partition("\nGained\n")[2].split("\nLost\n")
    assert "\tfleurs\tno rule → 2.0\t\tLa Gazette de Lutèce\tMarché aux fleurs\n" in gained
    assert "\tmars\t2.0 → 2.0\trelevant\tLa Gazette de Lutèce\tMars en vue\n" in lost


def test_a_file_changes_some_rules_of_the_set(veille: Veille, archive: Path, folder: Path) -> None:
    text = (folder / "rules" / "lune.yaml").read_text(encoding="utf-8")
    (folder / "lune.yaml").write_text(text.replace("experimental", "stable"), encoding="utf-8")
    (got,) = veille("rules", "backtest", "--diff", "lune.yaml", "--json").lines

    assert "+2 / −0 alerts in 3 days; none lost" == got["summary"]
    assert {"before": 2, "after": 4} == got["alerts"]
    assert {"before": 0.67, "after": 1.33} == got["per_day"]
    assert [("lune", 0, 2, 2, 0), ("mars", 2, 2, 0, 0)] == sorted(
        (each["rule"], each["before"], each["after"], each["gained"], each["lost"]) for each in got["rules"]
    )
    assert (2, 4) == tuple(sum(day[side] for day in got["by_day"]) for side in ("before", "after"))
    newest, oldest = got["gained"]
    assert ("La Lune, un vol de Mars", "La Gazette de Lutèce", None) == (
        newest["title"],
        newest["outlet"],
        newest["relevant"],
    )
    assert oldest["before"] == oldest["after"]


def test_sets_that_find_the_same_change_nothing(veille: Veille, archive: Path) -> None:
    got = veille("rules", "backtest", "--diff", "rules")

    assert got.out.startswith("+0 / −0 alerts in 3 days; none lost\n")
    assert "Gained" not in got.out


def test_a_terminal_is_shown_tables(veille: Veille, archive: Path) -> None:
    out = veille("rules", "backtest", terminal=True).out

    assert "busiest" in out
    assert "experimental" in out


def test_what_kept_no_text_is_counted(veille: Veille, archive: Path, store: Store) -> None:
    store_article(store, Pack(), "tu", "Mars", at=SystemClock().now(), keep_text=False)

    assert "; 1 more kept no text and cannot be judged\n" in veille("rules", "backtest").out


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--rules", "rien"], 2), (["--diff", "rien"], 2), (["--since", "hier"], 2), (["--jobs", "-1"], 2)],
)
def test_what_cannot_be_read_exits_2(veille: Veille, archive: Path, words: list[str], code: int) -> None:
    assert code == veille("rules", "backtest", *words).code


def test_without_a_log_it_exits_3(veille: Veille, rules: Path) -> None:
    assert 3 == veille("rules", "backtest").code
