from __future__ import annotations

from datetime import date, timedelta

from monitor.review import Precision, ShadowRecord, shadow_record
from monitor.store import ShadowMatch
from rules.types import Status
from tests.monitor.review.samples import NOW, PARIS, rule, rules


def test_what_a_rule_did_is_summed_up() -> None:
    (lune,) = rules(rule("lune"))
    found = [
        ShadowMatch(
            NOW - timedelta(days=1), near_miss=False, version="sha256:old", status=Status.EXPERIMENTAL, relevant=True
        ),
        ShadowMatch(NOW, near_miss=False, version=lune.version, status=Status.EXPERIMENTAL, relevant=None),
        ShadowMatch(NOW, near_miss=False, version=lune.version, status=Status.TEST, relevant=False),
        ShadowMatch(NOW, near_miss=True, version="sha256:old", status=Status.TEST, relevant=True),
    ]
    days = ((date(2026, 5, 15), 1), (date(2026, 5, 16), 2))

    assert ShadowRecord(3, 1, silent=2, older=1, days=days, labels=Precision(1, 2)) == shadow_record(
        found, lune, zone=PARIS
    )
