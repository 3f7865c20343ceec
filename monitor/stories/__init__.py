"""Which story an article belongs to. Pure; what is stored is found by `monitor.store`, by the keys made here.

An article is first given its features (`features_of`, where its text is), then weights by how rare its words are in
the press of late (`weigh`), then keys (`keys_of`). The stories that share a key are its candidates; `assign` decides.
A wrong merge hides news, and is the worse error: what is not clearly one event stays apart.
"""

from __future__ import annotations

from monitor.stories.assign import STORY_SOURCES, Assigned, assign, read_again, search_of, story_id
from monitor.stories.copies import copied_from
from monitor.stories.features import counted, features_of, keys_of, kind_of, url_key_of, weigh
from monitor.stories.likeness import WINDOW, alike, resemblance

__all__ = [
    "STORY_SOURCES",
    "WINDOW",
    "Assigned",
    "alike",
    "assign",
    "copied_from",
    "counted",
    "features_of",
    "keys_of",
    "kind_of",
    "read_again",
    "resemblance",
    "search_of",
    "story_id",
    "url_key_of",
    "weigh",
]
