"""What every channel is: it renders once, and sends one attempt at a time.

A channel says *whether* to retry; the dispatcher, *when*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from monitor.model import Alert, Delivery, Receipt, Rendered

__all__ = ["ChannelSender"]


class ChannelSender(Protocol):
    """A configured channel."""

    def render(self, alert: Alert, message_id: str) -> Rendered:
        """Return the message's bytes, to be stored before the first attempt. Pure (promise D3).

        Args:
            alert: what to tell.
            message_id: the message's identity for life.
        """
        ...

    async def send(self, delivery: Delivery) -> Receipt:
        """Try once.

        Raises:
            DeliveryError: not accepted; `retryable` and `retry_after` say what follows. It holds no secret.
        """
        ...
