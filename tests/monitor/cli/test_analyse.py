from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.analyse import _analysed
from monitor.clock import SystemClock
from monitor.rulesets import load_engine
from monitor.settings import load_settings
from rules.engine import Engine
from tests.monitor.cli.conftest import Veille
from tests.monitor.cli.samples import ONE_LINE, RULE


@pytest.fixture
def rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = folder / "rules"
    path.mkdir()
    (path / "bombes.yaml").write_text(RULE, encoding="utf-8")
    (path / "drones.txt").write_text(ONE_LINE, encoding="utf-8")
    monkeypatch.setenv("VEILLE_RULES", str(path))
    return path


def test_a_line_gives_its_entities_mentions_and_scores(veille: Veille, rules: Path) -> None:
    line = {"id": 7, "title": "Étés à Kharkiv 😀 : L’Ukraine", "lead": None, "body": "Drones russo-chinois."}
    got = veille("analyse", "--jsonl", "-", given=json.dumps(line).encode())

    assert got.code == 0
    assert [
        {
            "id": 7,
            "entities": ["Kharkiv", "Ukraine", "Russie", "Chine"],
            "mentions": [
                {"entity": "Kharkiv", "field": "title", "start": 7, "end": 14, "text": "Kharkiv"},
                {"entity": "Ukraine", "field": "title", "start": 21, "end": 28, "text": "Ukraine"},
                {"entity": "Russie", "field": "body", "start": 7, "end": 12, "text": "russo"},
                {"entity": "Chine", "field": "body", "start": 13, "end": 20, "text": "chinois"},
            ],
            "rules": {
                "bombes": {"score": 8.0, "threshold": 6.0, "match": True},
                "kharkiv-proche-20-drone": {"score": 3.0, "threshold": 0.0, "match": False},
            },
        }
    ] == got.lines


def test_a_score_is_computed_even_when_the_condition_fails(veille: Veille, rules: Path) -> None:
    line = {"title": "Kharkiv : une bombe au marché"}
    (got,) = veille("analyse", "--jsonl", given=json.dumps(line).encode()).lines

    assert {"score": 12.0, "threshold": 6.0, "match": False} == got["rules"]["bombes"]
    assert got["id"] is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"nul", "not JSON: Expecting value, character 1"),
        (b"[1]", 'must be an object {"id","title","lead","body"}'),
        (b'{"title": 3}', "title must be text, not int"),
        (b'{"body": "\xe9t\xe9"}', "body is not UTF-8 text"),
        (b'{"lead": "\\ud800"}', "lead is not UTF-8 text"),
        (b'{"score": NaN}', "NaN is no JSON number"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_line_is_told_in_its_place_and_the_rest_is_done(
    veille: Veille, rules: Path, line: bytes, expected: str
) -> None:
    got = veille("analyse", "--jsonl", "-", given=b'{"id": "avant"}\n\n' + line + b'\r\n{"id": "apr\xc3\xa8s"}')

    assert got.code == 1
    assert ["avant", None, "après"] == [told["id"] for told in got.lines]
    assert f"line 3: {expected}" == got.lines[1]["error"]
    assert "après" in got.out


def test_a_bad_line_keeps_its_id(veille: Veille, rules: Path) -> None:
    got = veille("analyse", "--jsonl", "-", given=b'{"id": {"n": 1}, "title": []}')

    assert [{"id": {"n": 1}, "error": "line 1: title must be text, not list"}] == got.lines


def test_a_packed_file_with_a_byte_order_mark_is_read(veille: Veille, rules: Path, folder: Path) -> None:
    (folder / "in.jsonl.gz").write_bytes(gzip.compress(b'\xef\xbb\xbf{"id": 1}\n{"id": 2}\n'))
    got = veille("analyse", "--jsonl", "in.jsonl.gz")

    assert [1, 2] == [told["id"] for told in got.lines]


def test_what_was_read_before_the_damage_is_told(veille: Veille, rules: Path, folder: Path) -> None:
    packed = gzip.compress(b'{"id": 1}\n' + b" " * 50_000 + b'\n{"id": 2}\n', compresslevel=0)
    (folder / "in.jsonl.gz").write_bytes(packed[:-2000])
    got = veille("analyse", "--jsonl", "in.jsonl.gz")

    assert [1] == [told["id"] for told in got.lines]
    assert (1, "veille: in.jsonl.gz: damaged gzip, or cut short\n") == (got.code, got.err)


def test_lines_are_the_only_form(veille: Veille, rules: Path) -> None:
    got = veille("analyse", "texts.jsonl")

    assert got.code == 2
    assert "say --jsonl" in got.err


@pytest.mark.untraced
def test_the_first_line_is_told_before_the_input_ends(rules: Path) -> None:
    command = (sys.executable, "-m", "monitor", "analyse", "--jsonl", "-")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"id": "un"}\n')
        process.stdin.flush()
        first = json.loads(process.stdout.readline())
        process.stdin.close()

    assert first["id"] == "un"
    assert process.returncode == 0


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(load_settings(), tested=False)


@given(st.text(), st.text(st.sampled_from("Kharkiv russo-Chine 'l’é😀\n\u0301"), max_size=60))
def test_each_mention_is_what_the_field_holds_there(engine: Engine, title: str, body: str) -> None:
    line = json.dumps({"title": title.encode("utf-8", "ignore").decode(), "body": body})
    fields = json.loads(line)
    told = _analysed(engine, line, SystemClock().now())

    assert "error" not in told
    assert [m["text"] for m in told["mentions"]] == [
        fields[m["field"]][m["start"] : m["end"]] for m in told["mentions"]
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("source", ["in.jsonl.gz", "-"])
@pytest.mark.untraced
def test_a_bar_on_a_terminal_leaves_the_output_alone(rules: Path, folder: Path, source: str) -> None:
    import pty

    texts = b"".join(b'{"id": %d}\n' % number for number in range(200))
    (folder / "in.jsonl.gz").write_bytes(gzip.compress(texts))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "monitor", "analyse", "--jsonl", source]
    done = subprocess.run(command, input=texts, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000)
    os.close(ours)

    assert list(range(200)) == [json.loads(line)["id"] for line in done.stdout.splitlines()]
    assert b"texts" in shown


def test_a_mark_of_windows_is_passed_over_and_no_number_is_infinite(veille: Veille, rules: Path) -> None:
    got = veille("analyse", "--jsonl", "-", given='\ufeff{"id":1,"title":"Rien"}\n{"id":1e999,"title":"x"}\n'.encode())

    assert [1, None] == [line["id"] for line in got.lines]
    assert "line 2: 1e999 is too large a number" == got.lines[1]["error"]
