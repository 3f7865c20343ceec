"""The only door to the network for HTTP: size, time and address limits live here (promises R1, R2, S1-S7).

One `HttpClient` fetches, another delivers; each has its own list of allowed networks. Nothing else in the project
imports httpx or httpcore, so no later path can forget a limit (promise S4).
"""

from __future__ import annotations

from monitor.lean import without

with without("httpx._main"):  # its command line, which needs rich: 5 MB
    import httpx  # noqa: F401  the modules below use it

from monitor.http.addresses import IPNetwork, Resolver, is_public, resolve, vet
from monitor.http.client import HttpClient, HttpResponse, default_user_agent, parse_retry_after, status_error
from monitor.http.urls import canonical_url, endpoint_of, host_of, origin_of, path_of

__all__ = [
    "HttpClient",
    "HttpResponse",
    "IPNetwork",
    "Resolver",
    "canonical_url",
    "default_user_agent",
    "endpoint_of",
    "host_of",
    "is_public",
    "origin_of",
    "parse_retry_after",
    "path_of",
    "resolve",
    "status_error",
    "vet",
]
