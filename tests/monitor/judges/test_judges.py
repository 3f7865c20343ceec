"""One contract for both judges; then what only the one in a child promises."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from monitor.errors import Reason, RulesError, WorkerError
from monitor.judges import Judge, LocalJudge, RemoteJudge
from monitor.settings import Settings, load_settings
from rules.types import Burst, Completeness, Document, Level, PatternKind

J = TypeVar("J", bound=Judge)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RULE = """\
id: {name}
title: "Frappes"
level: high
labels: {{desk: international}}
tags: [guerre]
terms:
  ukraine: {{entity: ukraine}}
  frappe: {{any: ["{word}"]}}
condition: "ukraine and frappe"
score: {{threshold: 2}}
burst: {{outlets: 3, within: "30m", level: critical}}
"""
ARTICLE = Document(
    title="Une frappe sur Kharkiv, en Ukraine",
    lead="La frappe a touché un marché à l'encre de Chine.",
    body="Trois blessés. " * 5,
    language="fr",
    published_at=NOW,
    first_seen_at=NOW,
    feed="https://gazette.example/rss",
    outlet="La Gazette",
    completeness=Completeness.FULL,
    wire="AFP",
)


async def _local(settings: Settings) -> Judge:
    return LocalJudge.of(settings)


async def _remote(settings: Settings) -> Judge:
    return await RemoteJudge.of(settings)


JUDGES = pytest.mark.parametrize("of", [_local, _remote])


def _settings(folder: Path, word: str = "frappe", name: str = "frappes") -> Settings:
    path = folder / "rules.yaml"
    path.write_text(RULE.format(word=word, name=name), encoding="utf-8")
    return load_settings(None, rules=path)


def _with(judge: Awaitable[J], act: Callable[[J], Awaitable[None]]) -> None:
    async def main() -> None:
        made = await judge
        async with aclosing(made):
            await act(made)

    asyncio.run(main())


@JUDGES
def test_an_article_is_judged_with_all_that_explains_it(
    tmp_path: Path, of: Callable[[Settings], Awaitable[Judge]]
) -> None:
    async def act(judge: Judge) -> None:
        judgement = await judge.judge(ARTICLE, now=NOW)
        (match,) = judgement.matches

        assert ("kharkiv", "ukraine") == tuple(sorted(judgement.entities))
        assert ("frappes", "Frappes", "high") == (match.rule.id, match.rule.title, match.rule.level)
        assert (("desk", "international"),) == match.rule.labels
        assert ("guerre",) == match.rule.tags
        assert match.rule.version == judge.rules[0].version
        assert match.verdict.match
        assert [Burst(3, timedelta(minutes=30), Level.CRITICAL)] == [rule.burst for rule in judge.rules]
        assert {"ukraine", "frappe"} == {item.term for item in match.verdict.contributions}
        assert match.snippets
        assert match.text_sha256
        assert ["ukraine"] == [
            term.name for term in match.rule.terms if PatternKind.ENTITY in {pattern.kind for pattern in term.patterns}
        ]

    _with(of(_settings(tmp_path)), act)


@pytest.mark.parametrize("of", [_local, pytest.param(_remote, marks=pytest.mark.untraced)])
def test_x3_the_canarys_own_rule_finds_the_canary_and_nothing_else(
    tmp_path: Path, of: Callable[[Settings], Awaitable[Judge]]
) -> None:
    canary = Document(title="Le serin de la fosse", body="Tout le carreau tendra l'oreille au fond de la mine.")

    async def act(judge: Judge) -> None:
        assert await judge.finds_canary(canary, now=NOW)
        assert not await judge.finds_canary(ARTICLE, now=NOW)
        assert () == (await judge.judge(canary, now=NOW)).matches

    _with(of(_settings(tmp_path)), act)


@pytest.mark.untraced
def test_both_judge_alike(tmp_path: Path) -> None:
    async def main() -> None:
        settings = _settings(tmp_path)
        local, remote = LocalJudge.of(settings), await RemoteJudge.of(settings)
        async with aclosing(remote):
            for document in (ARTICLE, Document(title="Rien"), Document(title="Une frappe 💥 e\u0301toile, en Ukraine")):
                ours, theirs = await local.judge(document, now=NOW), await remote.judge(document, now=NOW)

                assert ours.entities == theirs.entities
                assert [(m.verdict, m.snippets, m.masks, m.text_sha256) for m in ours.matches] == [
                    (m.verdict, m.snippets, m.masks, m.text_sha256) for m in theirs.matches
                ]

    asyncio.run(main())


@JUDGES
def test_rules_that_are_wrong_are_refused_with_their_place(
    tmp_path: Path, of: Callable[[Settings], Awaitable[Judge]]
) -> None:
    settings = _settings(tmp_path)
    (tmp_path / "rules.yaml").write_text("id: neuf\ncondition: nowhere\n", encoding="utf-8")

    with pytest.raises(RulesError) as refused:
        _with(of(settings), lambda _: asyncio.sleep(0))

    assert f"{tmp_path}/rules.yaml: refused" == str(refused.value)
    assert refused.value.errors
    assert all(one.startswith(f"{tmp_path}/rules.yaml:") for one in refused.value.errors)


@JUDGES
def test_a_rule_set_that_is_renewed_leaves_the_one_before_as_it_was(
    tmp_path: Path, of: Callable[[Settings], Awaitable[Judge]]
) -> None:
    async def act(before: Judge) -> None:
        after = await before.renewed(_settings(tmp_path, word="marché", name="marche"))
        third = await after.renewed(_settings(tmp_path, word="blessés", name="blesses"))

        assert [["marche"], ["frappes"], ["blesses"]] == [
            [match.rule.id for match in (await judge.judge(ARTICLE, now=NOW)).matches]
            for judge in (after, before, third)
        ]

    _with(of(_settings(tmp_path)), act)


@pytest.mark.untraced
def test_a_renewal_that_is_refused_leaves_the_set_that_judges(tmp_path: Path) -> None:
    async def act(judge: RemoteJudge) -> None:
        with pytest.raises(RulesError):
            await judge.renewed(_settings(tmp_path, name="Not An Id"))

        assert 1 == len((await judge.judge(ARTICLE, now=NOW)).matches)

    _with(RemoteJudge.of(_settings(tmp_path)), act)


@pytest.mark.untraced
def test_a_child_that_was_killed_is_replaced_by_one_with_the_same_rules_whatever_is_on_disk(tmp_path: Path) -> None:
    async def act(judge: RemoteJudge) -> None:
        _settings(tmp_path, word="autre chose")
        for pid in judge.pids:
            os.kill(pid, signal.SIGKILL)

        assert 1 == len((await judge.judge(ARTICLE, now=NOW)).matches)

    _with(RemoteJudge.of(_settings(tmp_path)), act)


@pytest.mark.untraced
def test_a_child_that_dies_at_its_work_is_replaced_and_the_work_done(tmp_path: Path) -> None:
    async def act(judge: RemoteJudge) -> None:
        (pid,) = judge.pids
        os.kill(pid, signal.SIGSTOP)
        work = asyncio.create_task(judge.judge(ARTICLE, now=NOW))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)

        assert 1 == len((await work).matches)
        assert (pid,) != judge.pids

    _with(RemoteJudge.of(_settings(tmp_path)), act)


def test_rules_that_no_child_can_try_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise WorkerError("no memory", reason=Reason.WORKER_MEMORY)

    monkeypatch.setattr("monitor.workers.WorkerPool.run", broken)
    with pytest.raises(RulesError, match="could not be tried: no memory"):
        asyncio.run(RemoteJudge.of(_settings(tmp_path)))


def test_a_refusal_at_the_start_leaves_no_child(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(RulesError):
        asyncio.run(RemoteJudge.of(_settings(tmp_path, name="Not An Id")))

    assert time.monotonic() - started < 60


@pytest.mark.untraced
def test_the_bundled_rules_judge_in_a_child_too() -> None:
    async def act(judge: RemoteJudge) -> None:
        document = Document(title="Guerre en Ukraine : une frappe russe sur Kharkiv fait trois morts")

        assert "guerre-ukraine" in {match.rule.id for match in (await judge.judge(document, now=NOW)).matches}

    _with(RemoteJudge.of(load_settings(None)), act)
