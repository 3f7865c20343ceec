from __future__ import annotations

import pytest

from monitor.extract.signs import completeness_of
from monitor.model import Completeness
from tests.monitor.extract.pages import BODY, PARAGRAPHS


@pytest.mark.parametrize(
    ("text", "page_text", "free", "expected"),
    [
        (BODY, BODY, None, Completeness.FULL),
        (BODY, BODY, True, Completeness.FULL),
        (BODY, BODY, False, Completeness.TEASER),
        (BODY * 3, BODY, False, Completeness.FULL),
        (BODY * 3 + "…", BODY, False, Completeness.TEASER),
        (BODY, BODY + " Il vous reste 57.09% de cet article à lire.", None, Completeness.TEASER),
        (BODY, BODY + " La suite est réservée aux abonnés.", None, Completeness.TEASER),
        (BODY, BODY + " Article réservé aux abonnés : La foire", None, Completeness.FULL),
        (BODY, BODY + " Abonnez-vous pour accéder à cet article.", None, Completeness.TEASER),
        (BODY, BODY + " Abonnez-vous pour accéder à cet espace de discussion.", None, Completeness.FULL),
        (PARAGRAPHS[0] * 2, "Article réservé aux abonnés", None, Completeness.TEASER),
        (PARAGRAPHS[0] + " […]", "", None, Completeness.TEASER),
        (PARAGRAPHS[0], "", None, Completeness.FULL),
        ("Le gel a pris la vigne. Les pertes sont lourdes.", "", None, Completeness.FULL),  # a brief
    ],
)
def test_how_much_of_the_article_is_there(text: str, page_text: str, free: bool | None, expected: Completeness) -> None:  # noqa: FBT001  a table's column
    assert expected is completeness_of(text, page_text=page_text, free=free)
