"""How alerts leave: one file per channel, each with the same two verbs, `render` once and `send` until accepted."""

from __future__ import annotations

from monitor.deliver.channels import KINDS, destination_of, make_channels, refused_destinations
from monitor.deliver.means import Paces
from monitor.deliver.payload import payload
from monitor.deliver.sample import SAMPLED, sample_alert
from monitor.deliver.sender import ChannelSender

__all__ = [
    "KINDS",
    "SAMPLED",
    "ChannelSender",
    "Paces",
    "destination_of",
    "make_channels",
    "payload",
    "refused_destinations",
    "sample_alert",
]
