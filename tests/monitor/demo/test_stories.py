"""The bundled press, grouped as the daemon groups it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from monitor.demo.press import load_press
from monitor.store import Store
from tests.monitor.stories.judged import group

OPENING = datetime(2026, 11, 27, 13, 22, tzinfo=UTC)


def test_ten_titles_carry_one_dispatch_and_no_two_events_are_one_story(tmp_path: Path) -> None:
    articles = [
        {
            "id": f"{one.article.id}-{one.title.id}",
            "story": one.article.id,
            "kind": "article",
            "outlet": one.title.name,
            "house_url": f"https://{one.title.id}.example",
            "published_at": OPENING + one.at,
            "title": one.headline,
            "lead": one.article.lead,
            "body": "\n\n".join(one.paragraphs),
        }
        for one in sorted(load_press().appearances, key=lambda one: one.at)
    ]
    with closing(Store.open(str(tmp_path / "veille.db"))) as store:
        judged = group(store, articles)
    dispatch = [one.found for one in judged if one.truth == "depeche-frappes"]

    assert (10, 1) == (len(dispatch), len(set(dispatch)))
    assert len({one.found for one in judged}) == len({one.truth for one in judged})
    assert all(len({one.truth for one in judged if one.found == found}) == 1 for found in {one.found for one in judged})
