from __future__ import annotations

from typing import Any

import pytest

from rules.errors import PackError
from rules.source import MAX_CHARS, MAX_DEPTH, Place, read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: NO", {"a": "NO"}),
        ("a: on", {"a": "on"}),
        ("a: 22:00", {"a": "22:00"}),
        ("a: 2026-11-23", {"a": "2026-11-23"}),
        ("a: [1, -2, 2.5, 1e3, .5, .inf, 0x1F]", {"a": [1, -2, 2.5, 1000.0, 0.5, ".inf", "0x1F"]}),
        ("a: ['1', \"true\", true, False, null, ~, ]", {"a": ["1", "true", True, False, None, None]}),
        ("true: 1", {"true": 1}),
        ("- a\n- >\n  b\n  c\n", ["a", "b c\n"]),
        (f"a: {'9' * 5000}", {"a": "9" * 5000}),
        ("a: [1e400, -1e400, 1e300]", {"a": ["1e400", "-1e400", 1e300]}),
    ],
)
def test_scalars_are_what_they_look_like(text: str, expected: Any) -> None:
    actual = read(text, file="f").plain()

    assert expected == actual


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: &x 1\nb: *x", "anchors and aliases (& and *) are not allowed", 1, 4),
        ("a: *x", "anchors and aliases (& and *) are not allowed", 1, 4),
        ("a: !!python/object x", "the tag tag:yaml.org,2002:python/object is not allowed", 1, 4),
        ("a: 1\nb: 2\na: 3", "the key a is there twice", 3, 1),
        ("? [a]\n: b", "a key must be a text", 1, 3),
        ("a\n---\nb", "a second document begins", 2, 1),
        ("", "the file is empty", 1, 1),
        ("a: @x", "not YAML: found character that cannot start any token", 1, 4),
        ("a\0", "not YAML: unacceptable character #x0000: control characters are not allowed", 1, 1),
        ("[" * 30, "the file is nested too deeply", 1, MAX_DEPTH + 1),
        ("x" * (MAX_CHARS + 1), f"the file has {MAX_CHARS + 1} characters", 1, 1),
    ],
    ids=range(11),
)
def test_what_is_refused_is_told_with_its_place(text: str, message: str, line: int, column: int) -> None:
    with pytest.raises(PackError) as caught:
        read(text, file="f")

    assert (message, "f", line, column) == (
        caught.value.message,
        caught.value.file,
        caught.value.line,
        caught.value.column,
    )


def test_the_number_of_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.source.MAX_NODES", 3)

    assert read("[a, b]", file="f").plain() == ["a", "b"]
    with pytest.raises(PackError, match="f:1:8: the file holds more than 3 values"):
        read("[a, b, c]", file="f")


def test_values_and_keys_know_their_place() -> None:
    root = read("a:\n  - b: 'cd'\n    e: |\n      f\n", file="f")

    assert Place("f", 2, 8) == root.at(["a", 0, "b"]).place
    assert Place("f", 2, 9) == root.at(["a", 0, "b"]).inside
    assert Place("f", 3, 5) == root.at(["a", 0]).keys["e"]
    assert root.at(["a", 0, "e"]).inside is None


@pytest.mark.parametrize("path", [["a", 7], ["a", "b"], ["a", 0, "b", 3]])
def test_a_path_that_ends_early_gives_the_last_node(path: list[str | int]) -> None:
    root = read("a: [1]", file="f")

    assert root.at(path).place.column > 1
