"""Web pages to which people link, looked at as anybody: unsigned, unhurried, and only their start.

Which servers may be looked at is asked of `policy.may_look_at`, which addresses may be reached, of
the one client: both for every hop.
"""

from functools import partial
from typing import Final

from domain.addresses import Url
from federation.answers import Refused, Response, Unreachable
from federation.client import Purpose
from federation.fetcher import CannotFetch, Fetcher

ACCEPT: Final = "text/html, application/xhtml+xml"
LARGEST: Final = 1 << 20
"""Bytes of a page that are looked at: what it says of itself stands at the beginning."""


async def beginning(
    fetcher: Fetcher, url: Url, *, accept: str = ACCEPT, cap: int = LARGEST
) -> Response:
    """The first `cap` bytes at `url`, whatever they are. Raises CannotFetch."""
    looking = fetcher.for_pages
    await _ask(looking, url)
    try:
        response = await looking.client.fetch(
            url,
            accept=accept,
            cap=cap,
            purpose=Purpose.PAGE,
            whole=False,
            may_go_on=partial(_ask, looking),
        )
    except Unreachable as problem:
        raise CannotFetch(problem.reason, later=not isinstance(problem, Refused)) from None
    if not response.ok:
        raise CannotFetch(f"status {response.status}")
    return response


async def _ask(looking: Fetcher, url: Url) -> None:
    if url.origin == looking.node.origin:
        raise CannotFetch("our own pages are not looked at")
    if not await looking.policy.may_exchange(url.authority):
        raise CannotFetch("this node does not look at that server")
