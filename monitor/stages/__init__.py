"""The async stages, in flow order: poll a host, read an article, deliver an alert.

Each stage asks the pure deciders what should be done (`schedule`, `rules`, `alerting`), then does it. A stage ends in
one transaction; killed before it, the lease brings the work back, killed after it, the work is done.

    poll_host     fetch → parse → transaction A (validators, entries to read)
    read_article  fetch → extract → match → plan → render → transaction B (article, matches, alerts, deliveries)
    tell_recap    the matches of first polls, in one message for each receiver
    tell_refusal  a rule set that was refused, in one message for each receiver
    tell_incidents  sources that fail, or are well again, in one message for each receiver
    tell_troubles  what is wrong with veille itself, or well again, in one message for each receiver that can be told
    send_canary   an article of our own goes the whole way, and a heartbeat tells that it arrived
    hold_less     messages that are held for longer than their routes say now
    tell_held     messages that were held and may leave now; several of one group in one
    tell_undelivered  messages given up, and receivers that are disabled, to the other receivers
    tell_digests  what was held for a digest, and how the sources are, at its times
    deliver       send → settle
    answer        what a reader says of an alert: a judgement, a silence
"""

from __future__ import annotations

from monitor.stages.answering import answer
from monitor.stages.canary import canary_is_due, send_canary
from monitor.stages.delivering import DELIVERY_LEASE_S, DeliveryReport, claim_deliveries, deliver
from monitor.stages.holding import hold_less, tell_digests, tell_held
from monitor.stages.polling import HOST_LEASE_S, FeedReport, poll_host
from monitor.stages.reading import ENTRY_LEASE_S, ArticleReport, read_article
from monitor.stages.telling import tell_incidents, tell_recap, tell_refusal
from monitor.stages.tools import Live, Tools, Uplink
from monitor.stages.undelivered import tell_undelivered
from monitor.stages.watching import tell_troubles

__all__ = [
    "DELIVERY_LEASE_S",
    "ENTRY_LEASE_S",
    "HOST_LEASE_S",
    "ArticleReport",
    "DeliveryReport",
    "FeedReport",
    "Live",
    "Tools",
    "Uplink",
    "answer",
    "canary_is_due",
    "claim_deliveries",
    "deliver",
    "hold_less",
    "poll_host",
    "read_article",
    "send_canary",
    "tell_digests",
    "tell_held",
    "tell_incidents",
    "tell_recap",
    "tell_refusal",
    "tell_troubles",
    "tell_undelivered",
]
