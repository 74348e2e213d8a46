"""Where a request came from, for counting: one header, from configured proxies only (A13)."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import hdrs
from aiohttp.web import Request

from web.services import Services


def address_of(request: Request, services: Services) -> str:
    """The caller's network address.

    `X-Forwarded-For` is believed only where the connection comes from a configured proxy, and
    then only its last entry, which that proxy wrote itself.
    """
    remote = request.remote or ""
    if not services.proxies or not _is_within(remote, services):
        return remote
    told = request.headers.getall(hdrs.X_FORWARDED_FOR, [])
    last = told[-1].rpartition(",")[2].strip() if told else ""
    return last if _parsed(last) is not None else remote


def _is_within(text: str, services: Services) -> bool:
    address = _parsed(text)
    return address is not None and any(address in network for network in services.proxies)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
