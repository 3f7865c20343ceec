"""Slack: an incoming webhook, or a bot that updates in place what it posted.

Neither hears a button by itself, so the message prints its reference and the command that judges it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor.deliver.means import Endpoint, Problems, endpoint_at, place_of, url_of
from monitor.deliver.posting import Poster, Refused, json_bytes, judge_status, slug
from monitor.deliver.slack_blocks import message_of
from monitor.deliver.slack_bot import API, SlackBotSender
from monitor.http import endpoint_of
from monitor.receivers import Channel, ChannelKind, Option, OptionType

if TYPE_CHECKING:
    from monitor.deliver.means import Means
    from monitor.http import HttpResponse
    from monitor.model import Alert, Rendered
    from monitor.receivers import Receiver
    from monitor.settings import Settings

__all__ = ["KIND", "SlackSender", "endpoint", "make"]

_TOKEN = re.compile(r"xox[!-~]+")
_CHANNEL = re.compile(r"[!-~]{2,80}|#\S{1,80}")
_UPDATE_INTERVAL_S, _UPDATE_BURST = 1.2, 10

KIND = ChannelKind(
    Channel.SLACK,
    word="slack",
    summary="Block Kit messages: to an incoming webhook, or by a bot, with its token.",
    options=(
        Option("url", OptionType.SECRET, "The incoming webhook.", setting="slack_webhook_url"),
        Option("token", OptionType.SECRET, "Instead: the token of a bot that may `chat:write`."),
        Option("channel", OptionType.TEXT, "Where the bot posts: the channel's id, `C0123456789`."),
    ),
    setting="slack_webhook_url",
    bot="token",
)


def make(receiver: Receiver, means: Means) -> SlackSender | SlackBotSender:
    """Return the channel of a receiver: a bot where it has a token.

    Raises:
        SettingsError: its address, token or channel is impossible.
    """
    problems, token, channel = Problems(receiver), receiver.text("token"), receiver.text("channel")
    if token is None:
        if channel is not None:
            problems.note("channel", "channel is for a bot, and needs its token; a webhook has its own channel")
        url = problems.of(lambda: url_of(receiver, means.settings, "slack_webhook_url"), "")
        problems.tell()
        return SlackSender(name=receiver.name, url=url, words=means.words, client=means.client, pace=means.pace(url))
    if receiver.text("url") is not None:
        problems.note("url", "give either url, or token and channel")
    if not _TOKEN.fullmatch(token):
        problems.note("token", "token is none that Slack gives: it begins with xoxb-")
    if not _CHANNEL.fullmatch(channel or ""):
        problems.note("channel", "channel must be the id of a channel, such as C0123456789")
    problems.tell()
    return SlackBotSender(
        name=receiver.name,
        token=token,
        channel=channel or "",
        words=means.words,
        client=means.client,
        pace=means.pace(f"{API} {token} {channel}"),
        update_pace=means.pace(f"{API} {token}", interval_s=_UPDATE_INTERVAL_S, burst=_UPDATE_BURST),
        buttons=means.settings.slack_signing_secret is not None,
    )


def endpoint(receiver: Receiver, settings: Settings) -> Endpoint:
    """Return where a receiver is reached."""
    if receiver.text("token") is None:
        return endpoint_at(receiver, settings, "slack_webhook_url")
    return Endpoint(place_of(receiver, "token"), *endpoint_of(API))


class SlackSender(Poster):
    """Posts Block Kit messages to an incoming webhook; see `Poster`."""

    def render(self, alert: Alert, message_id: str) -> Rendered:  # noqa: ARG002  Slack keeps no identity
        """Return the message as JSON: blocks, and the plain text that notifications show."""
        return json_bytes(message_of(alert, self._words))

    def _judge(self, response: HttpResponse) -> Refused:
        return judge_status(response, slug(response.body.strip().decode("ascii", "replace")))
