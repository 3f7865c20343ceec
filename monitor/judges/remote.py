"""Judging in a child process."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import RulesError, WorkerError
from monitor.judges.judge import Judgement
from monitor.judges.wire import document_values, judgement_from, rule_from
from monitor.rulesets import BUNDLED, rule_files
from monitor.workers import WorkerPool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.settings import Settings
    from rules.types import Document, RuleDef

__all__ = ["RemoteJudge"]

_LOAD: Final = "monitor.judges.task:load_task"
_JUDGE: Final = "monitor.judges.task:judge_task"
_CANARY: Final = "monitor.judges.task:canary_task"
_GB: Final = 1024**3
# The texts come from outside and the rules from the operator. Every step is linear in both, so these are only reached
# by a mistake of ours; reading ten thousand rules takes half a minute.
_CPU_S: Final = 300.0
_DEADLINE_S: Final = 600.0
_MEMORY_BYTES: Final = 4 * _GB
_RECYCLE_AFTER: Final = 20_000
_FOR_EVER_S: Final = 1e9


class RemoteJudge:
    """Judges in a child that may be killed at any time: the next one gets the same files, not what is on disk by then.

    Args:
        pool: of one child, shared by the judges that follow each other.
        files: the rule files, names and texts as JSON.
        where: they are from, for errors.
        told: the rules, as the child told them.
    """

    def __init__(self, pool: WorkerPool, files: bytes, *, where: str, told: Sequence[dict[str, Any]]) -> None:
        self._pool = pool
        self._files = files
        self._where = where
        self._name = hashlib.sha256(files).hexdigest()
        self._rules = {rule.id: rule for rule in map(rule_from, told)}

    @classmethod
    async def of(cls, settings: Settings) -> RemoteJudge:
        """Start a child, and return a judge by the rules of the settings.

        Raises:
            RulesError: they are refused; the child is gone.
        """
        pool = WorkerPool(
            1,
            cpu_s=_CPU_S,
            memory_bytes=_MEMORY_BYTES,
            deadline_s=_DEADLINE_S,
            recycle_after=_RECYCLE_AFTER,
            idle_s=_FOR_EVER_S,
        )
        try:
            return await _loaded(pool, settings)
        except BaseException:
            await pool.aclose()
            raise

    @property
    def rules(self) -> tuple[RuleDef, ...]:
        """The rules, without their conditions."""
        return tuple(self._rules.values())

    @property
    def pids(self) -> tuple[int, ...]:
        """The process id of the child, where it lives."""
        return self._pool.pids

    async def judge(self, document: Document, *, now: datetime) -> Judgement:
        """Judge an article.

        Raises:
            WorkerError: two children in a row could not.
        """
        body = json.dumps(document_values(document)).encode()
        try:
            return await self._judged(body, now)
        except WorkerError:  # the article or the machine: a fresh child tells them apart
            return await self._judged(body, now)

    async def finds_canary(self, document: Document, *, now: datetime) -> bool:
        """Return whether the canary's own rule finds an article, after the live rules judged it too.

        Raises:
            WorkerError: the child could not.
        """
        await self.judge(document, now=now)
        body = json.dumps(document_values(document)).encode()
        found: bool = await self._pool.run(_CANARY, body, {"now": now.isoformat()})
        return found

    async def renewed(self, settings: Settings) -> RemoteJudge:
        """Return a judge by the rules as they now are.

        Raises:
            RulesError: they are refused.
        """
        return await _loaded(self._pool, settings)

    async def aclose(self) -> None:
        """End the child."""
        await self._pool.aclose()

    async def _judged(self, body: bytes, now: datetime) -> Judgement:
        args = {"name": self._name, "now": now.isoformat()}
        told = await self._pool.run(_JUDGE, body, args)
        if told is None:  # a new child
            await self._pool.run(_LOAD, self._files, {"name": self._name, "where": self._where, "tested": False})
            told = await self._pool.run(_JUDGE, body, args)
        return judgement_from(told, self._rules)


async def _loaded(pool: WorkerPool, settings: Settings) -> RemoteJudge:
    """Have the rules of the settings read, checked and tried in the child.

    Raises:
        RulesError: they are refused.
    """
    where = str(settings.rules or BUNDLED)
    files = None if settings.rules is None else await asyncio.to_thread(rule_files, settings.rules)
    body = json.dumps(files).encode()
    args = {"name": hashlib.sha256(body).hexdigest(), "where": where, "tested": True}
    try:
        told = await pool.run(_LOAD, body, args)
    except WorkerError as error:
        raise RulesError(f"{where}: could not be tried: {error}") from error
    if "error" in told:
        raise RulesError(told["error"], errors=tuple(told["errors"]))
    return RemoteJudge(pool, body, where=where, told=told["rules"])
