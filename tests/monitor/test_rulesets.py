from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.errors import RulesError
from monitor.model import Refusal
from monitor.rulesets import load_engine, load_rules, read_beside, read_one_line, refusal_of
from monitor.settings import load_settings
from rules.engine import Engine

GOOD = """\
id: vin
title: "Vendanges"
status: stable
terms:
  vin: {any: ["vendange"]}
condition: "vin"
tests:
  - name: "au pluriel"
    article: {title: "Les vendanges commencent"}
    expect: {match: true}
"""


def _load(path: Path | None, *, tested: bool = True) -> Engine:
    return load_engine(load_settings(None, rules=path), tested=tested)


def _file(folder: Path, text: str, name: str = "vin.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_without_rules_of_ones_own_the_bundled_ones_are_live() -> None:
    assert "front-kharkiv" in {rule.id for rule in _load(None, tested=False).pack.rules}


def test_a_file_is_a_rule_set(tmp_path: Path) -> None:
    assert ["vin"] == [rule.id for rule in _load(_file(tmp_path, GOOD)).pack.rules]


def test_a_folder_is_read_whole_and_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    _file(tmp_path, GOOD)
    _file(tmp_path / "deep", "Kharkiv\n", "une.txt")
    _file(tmp_path, "not a rule", "README.md")

    assert 2 == len(_load(tmp_path).pack.rules)


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="holds no rule file"):
        _load(tmp_path)


def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> None:  # the tests may run as root, who may read all
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)

    with pytest.raises(RulesError, match="cannot be read: Permission denied"):
        _load(tmp_path)


def test_entities_alone_do_not_go_live(tmp_path: Path) -> None:
    (tmp_path / "vin.yaml").write_text("- id: vin\n  name: Vin\n  primary: [vin]\n", encoding="utf-8")

    with pytest.raises(RulesError, match="holds entities and no rule, so nothing would ever match"):
        _load(tmp_path)

    assert () == load_engine(load_settings(None, rules=tmp_path), tested=False).pack.rules


def test_a_file_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"gone\.yaml: cannot be read: No such file"):
        _load(tmp_path / "gone.yaml")


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "regles.yaml")

    with pytest.raises(RulesError, match="not a file"):
        load_engine(load_settings(None, rules=tmp_path))


def test_a_file_that_is_no_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "vin.yaml").write_bytes(f"# un\n# deux\n{GOOD}# été".encode("latin-1"))
    number = 3 + GOOD.count("\n")

    with pytest.raises(RulesError, match=rf"vin\.yaml: cannot be read: line {number} is not UTF-8 text; save"):
        _load(tmp_path / "vin.yaml")


def test_every_problem_is_named_with_file_and_line(tmp_path: Path) -> None:
    _file(tmp_path, GOOD.replace('condition: "vin"', 'condition: "nowhere"'))
    _file(tmp_path, GOOD.replace("id: vin", "id: autre").replace("stable", "stabel"), "autre.yaml")

    with pytest.raises(RulesError, match="refused") as refusal:
        _load(tmp_path)

    assert {"autre.yaml:3", "vin.yaml:6"} == {
        ":".join(error.split("/")[-1].split(":")[:2]) for error in refusal.value.errors
    }


def test_a_test_that_fails_refuses_the_whole_set(tmp_path: Path) -> None:
    _file(tmp_path, "Kharkiv\n", "une.txt")
    _file(tmp_path, GOOD.replace("match: true", "match: false"))

    with pytest.raises(RulesError, match="tests inside the rules failed") as refusal:
        _load(tmp_path)

    [error] = refusal.value.errors

    assert "vin.yaml:8: vin: 'au pluriel'" in error


def test_one_shot_tools_may_skip_the_tests(tmp_path: Path) -> None:
    assert 1 == len(_load(_file(tmp_path, GOOD.replace("match: true", "match: false")), tested=False).pack.rules)


def test_a_file_is_read_beside_a_set_and_replaces_what_has_its_id(tmp_path: Path) -> None:
    known = load_rules(_file(tmp_path, GOOD))
    other = _file(tmp_path, GOOD.replace("Vendanges", "Vin nouveau"), "autre.yaml")

    assert ["Vin nouveau"] == [rule.title for rule in read_beside([other, other], known, with_rules=True).rules]
    assert ["Vin nouveau"] == [rule.title for rule in read_beside([other], known).rules]


def test_a_one_line_rule_names_the_entities_of_a_set() -> None:
    (rule,) = read_one_line("@kharkiv\n PROCHE/9  drone", load_rules(None)).rules

    assert "@kharkiv PROCHE/9 drone" == rule.source


@pytest.mark.parametrize(
    ("text", "said"), [("drone ET (", "rule.txt:1:11"), ("@nulle-part", "unknown entity nulle-part")]
)
def test_a_one_line_rule_that_cannot_be_read_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(RulesError) as refused:
        read_one_line(text, load_rules(None))

    assert said in refused.value.errors[0]


def _refused(path: Path, **secrets: str) -> Refusal:
    settings = load_settings(None, rules=path, **secrets)
    with pytest.raises(RulesError) as refusal:
        load_engine(settings)
    return refusal_of(refusal.value, settings, rules_live=14)


def test_a_refusal_names_files_from_the_rules_folder_on(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    (rules / "deep").mkdir(parents=True)
    _file(rules, GOOD)
    _file(rules / "deep", GOOD, "autre.yaml")
    refusal = _refused(rules)
    [error] = refusal.errors

    assert ("rules: refused", 14) == (refusal.error, refusal.rules_live)
    assert error.startswith("rules/vin.yaml:1:1: ")
    assert "first in rules/deep/autre.yaml:1" in error
    assert str(tmp_path) not in error


def test_a_refusal_names_a_single_file_by_its_name(tmp_path: Path) -> None:
    refusal = _refused(_file(tmp_path, GOOD.replace("match: true", "match: false")))

    assert "vin.yaml: tests inside the rules failed" == refusal.error
    assert refusal.errors[0].startswith("vin.yaml:8: vin: 'au pluriel': ")


def test_a_refusal_of_what_cannot_be_read_names_it_without_its_place(tmp_path: Path) -> None:
    assert Refusal("gone.yaml: cannot be read: No such file or directory", (), 14) == _refused(tmp_path / "gone.yaml")


def test_a_refusal_where_the_folder_s_name_stands_alone_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()

    assert _refused(Path("rules")).error.startswith("rules: holds no rule file")


def test_X4_a_secret_that_stands_in_a_rule_file_is_not_told(tmp_path: Path) -> None:
    url = "https://hooks.example.org/services/T0/B0/topsecret"
    _file(tmp_path, GOOD.replace("status: stable", f'status: "{url}"'))
    refusal = _refused(tmp_path, slack_webhook_url=url)

    assert "********" in refusal.errors[0]
    assert "topsecret" not in repr(refusal)
