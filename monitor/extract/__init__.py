"""A page's bytes and a feed's entry become an article; the bytes in a killable child process (promises R3 and I7).

`read_page`, `to_article` and `revised` are pure; `read` is `read_page` through a pool of workers. trafilatura is
imported in the child only.
"""

from __future__ import annotations

from monitor.extract.article import changes_of, revised, to_article
from monitor.extract.read import MAX_BYTES, Extracted, read_page
from monitor.extract.remote import read, worker_pool
from monitor.extract.wire import as_dict

__all__ = [
    "MAX_BYTES",
    "Extracted",
    "as_dict",
    "changes_of",
    "read",
    "read_page",
    "revised",
    "to_article",
    "worker_pool",
]
