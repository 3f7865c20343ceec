"""How alerts leave: one file per channel, each with the same two verbs, `render` once and `send` until accepted."""

from __future__ import annotations

from monitor.deliver.channels import KINDS, make_channels, refused_destinations
from monitor.deliver.payload import payload
from monitor.deliver.sender import ChannelSender

__all__ = ["KINDS", "ChannelSender", "make_channels", "payload", "refused_destinations"]
