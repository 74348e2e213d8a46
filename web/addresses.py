"""Where a request came from, for counting: one header, from configured proxies only (A13)."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Request

from web.services import Services

LONGEST: Final = 45
"""Letters of an address without a zone (INET6_ADDRSTRLEN)."""

SUBNET: Final = 64
"""Bits of an IPv6 address that belong to one customer; the rest is theirs to choose (RFC 6177)."""


def address_of(request: Request, services: Services) -> str:
    """The caller's network address; of IPv6 the subnet, which is as much as one caller has.

    `X-Forwarded-For` is believed only where the connection comes from a configured proxy, and
    then only its last entry, which that proxy wrote itself.
    """
    remote = request.remote or ""
    if not services.proxies or not _is_within(remote, services):
        return _folded(remote)
    told = request.headers.getall(hdrs.X_FORWARDED_FOR, [])
    last = told[-1].rpartition(",")[2].strip() if told else ""
    return _folded(last if _parsed(last) is not None else remote)


def _folded(text: str) -> str:
    return _known(text) if len(text) <= LONGEST else _fold(text)


def _fold(text: str) -> str:
    address = _parsed(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address.packed, SUBNET), strict=False))
    return text if address is None else str(address)


# The same callers come again and again.
_known: Final = lru_cache(maxsize=4_096)(_fold)


def _is_within(text: str, services: Services) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in services.proxies)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
