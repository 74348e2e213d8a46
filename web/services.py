"""What a request handler may reach: built once by the server, passed by value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from aiohttp.web import AppKey

from domain.node import Node
from domain.rates import DEFAULTS, Rates
from federation.fetcher import Fetcher
from federation.keyring import Keyring
from federation.web_push import WebPush
from social.archive import Archive
from social.on_demand import OnDemand
from social.proxying import Proxy
from social.streaming import Hub
from storage.database import Database
from web.fragments import Fragments


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that the edge uses. Nothing here decides anything about rights."""

    db: Database
    node: Node
    fetcher: Fetcher
    keyring: Keyring
    hub: Hub
    archive: Archive
    proxy: Proxy
    on_demand: OnDemand
    web_push: WebPush
    clock: Callable[[], int]  # ms UTC
    rate_limits: bool = True
    rates: Rates = field(default_factory=lambda: DEFAULTS)  # how often, by kind of request
    # Proxies in front of us, whose word about a caller's address is believed; nobody else's is.
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    contact_email: str = ""
    fragments: Fragments = field(default_factory=Fragments)

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, so that cookies can insist on it."""
        return self.node.origin.startswith("https://")


SERVICES: AppKey[Services] = AppKey("services", Services)
