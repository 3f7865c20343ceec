from __future__ import annotations

import pytest

from monitor.errors import SourceError
from monitor.sources import PRESETS, Preset, export_opml, parse_feeds, preset_feeds


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_offers_feeds(preset: Preset) -> None:
    assert preset.feeds()


def test_everything_holds_every_other_preset() -> None:
    everything = {feed.url for feed in preset_feeds(["tout"])}

    assert everything >= {feed.url for preset in PRESETS for feed in preset.feeds()}


def test_africa_holds_the_weekly_of_reference_printed_in_paris() -> None:
    assert "Jeune Afrique" in {feed.outlet for feed in preset_feeds(["afrique"])}


def test_overlapping_presets_give_each_feed_once() -> None:
    assert preset_feeds(["tout"]) == preset_feeds(["magazines", "tout", "magazines"])


def test_an_unknown_preset_is_named_with_those_there_are() -> None:
    with pytest.raises(SourceError, match="'belge': no such selection of the press; there are nationale, régions"):
        preset_feeds(["belge"])


def test_a_preset_survives_its_opml_file() -> None:
    feeds = preset_feeds(["nationale", "suisse"])

    assert feeds == parse_feeds(export_opml(feeds), name="feeds.opml")
