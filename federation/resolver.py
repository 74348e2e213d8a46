"""From a host name to addresses that may be connected to: the second line behind the socket check.

The first line is the socket itself (`federation.client`), because an HTTP library does not ask its
resolver for address literals. Here names are refused earlier and with a clearer reason.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from aiohttp.abc import AbstractResolver, ResolveResult

from domain.addresses import is_localhost

LOOKUP_THREADS = 32


class AddressRefused(OSError):  # noqa: N818 - an outcome, named as the code reads
    """An address that the policy does not permit. An OSError, so that aiohttp treats it as one."""


class Resolver(Protocol):
    """Where addresses of names come from."""

    async def addresses(self, host: str) -> Sequence[str]:
        """All addresses of `host` in order of preference. Raises OSError if there are none."""
        ...

    def close(self) -> None:
        """The client that owns it is done."""
        ...


class SystemResolver:
    """The operating system's resolver, in threads of its own.

    Slow name servers can then hold up other look-ups at worst, never the database's threads.
    """

    def __init__(self, threads: int = LOOKUP_THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="dns")

    async def addresses(self, host: str) -> Sequence[str]:
        """See `Resolver`. The order is the system's (RFC 6724)."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _look_up, host)

    def close(self) -> None:
        """Forget waiting look-ups; running ones end in their own time."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class VettedResolver(AbstractResolver):
    """Gives aiohttp only permitted addresses; names under `.localhost` never leave this machine.

    With `all_or_none` (plain http) one forbidden address refuses the whole name; otherwise the
    forbidden ones are dropped, so that a name with a stray private record still works.
    """

    def __init__(
        self, source: Resolver, permits: Callable[[str], bool], *, all_or_none: bool
    ) -> None:
        self._source = source
        self._permits = permits
        self._all_or_none = all_or_none

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp's signature
    ) -> list[ResolveResult]:
        """The vetted addresses of `host`. Raises `AddressRefused`, or OSError if it has none."""
        found = ["127.0.0.1"] if is_localhost(host) else await self._source.addresses(host)
        kept = [address for address in found if self._permits(address)]
        if not found:
            raise OSError("the name has no address")
        if not kept or (self._all_or_none and len(kept) < len(found)):
            raise AddressRefused("the name leads to an address that may not be reached")
        return [_result(host, address, port) for address in kept]

    async def close(self) -> None:
        """Nothing to close: the source belongs to the client."""


def _look_up(host: str) -> list[str]:
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _result(host: str, address: str, port: int) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
