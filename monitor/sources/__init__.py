"""What to poll: the operator's feeds file, the catalogue of the French press, and the feeds of a site."""

from monitor.sources.catalogue import COUNTRIES, KINDS, CatalogueFeed, catalogue, search, selection
from monitor.sources.discover import FeedLink, feed_links, sitemap_links
from monitor.sources.files import add_feeds, parse_feeds, read_feeds, remove_feed
from monitor.sources.opml import export_opml
from monitor.sources.presets import PRESETS, Preset, preset_feeds

__all__ = [
    "COUNTRIES",
    "KINDS",
    "PRESETS",
    "CatalogueFeed",
    "FeedLink",
    "Preset",
    "add_feeds",
    "catalogue",
    "export_opml",
    "feed_links",
    "parse_feeds",
    "preset_feeds",
    "read_feeds",
    "remove_feed",
    "search",
    "selection",
    "sitemap_links",
]
