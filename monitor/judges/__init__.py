"""Who judges articles by the live rules: this process, or a child of it.

The same engine judges in both. In a child, the rules and the lexicon take no memory of the daemon's, and the daemon's
event loop goes on while it works.
"""

from __future__ import annotations

from monitor.judges.judge import Judge, Judgement
from monitor.judges.local import LocalJudge
from monitor.judges.remote import RemoteJudge

__all__ = ["Judge", "Judgement", "LocalJudge", "RemoteJudge"]
