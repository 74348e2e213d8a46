"""One request after the edge has done its part: who calls, what was sent, what is reachable."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Concatenate, ParamSpec, TypeVar

from aiohttp.web import Request

from domain.audience import Viewer
from domain.errors import NotFound
from domain.node import Node
from social.signin import Identity, Session, confirm, viewer_of
from storage.tx import Tx
from web.addresses import address_of
from web.params import Params, as_id
from web.services import Services

P = ParamSpec("P")
T = TypeVar("T")


def counted_address(request: Request, services: Services) -> str | None:
    """Where a request came from, for counting attempts; nothing where limits are off."""
    return address_of(request, services) if services.rate_limits else None


@dataclass(slots=True)
class Call:
    """What every handler gets."""

    request: Request
    services: Services
    params: Params
    identity: Identity | None = None
    session: Session | None = None
    uploaded: list[int] = field(default_factory=list)  # files that came with a form, once kept
    viewer: Viewer = field(init=False)
    era: int = field(init=False)  # of the rendered pieces, before anything is read for this call

    def __post_init__(self) -> None:
        self.viewer = viewer_of(self.identity)
        self.era = self.services.fragments.era

    @property
    def node(self) -> Node:
        """This node's names."""
        return self.services.node

    @property
    def person(self) -> Identity:
        """The person who calls. The route's declaration guarantees that there is one.

        Raises:
            NotFound: the route was declared for anyone and nobody is signed in.
        """
        if self.identity is None or not self.identity.actor_id:
            raise NotFound
        return self.identity

    @property
    def is_signed_in(self) -> bool:
        """Whether a person calls: no stranger, and no app that speaks for itself."""
        return self.identity is not None and bool(self.identity.actor_id)

    @property
    def address(self) -> str | None:
        """Where the call came from, for counting attempts; nothing where limits are off."""
        return counted_address(self.request, self.services)

    def id(self, name: str = "id") -> int:
        """An id from the path.

        Raises:
            NotFound: it is not a number that could be an id here.
        """
        identifier = as_id(self.request.match_info[name])
        if identifier is None:
            raise NotFound
        return identifier

    async def read(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit of work that only reads."""
        return await self.services.db.read(fn, *args, **kwargs)

    async def write(
        self, fn: Callable[Concatenate[Tx, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a unit of work for the person who calls, if the right to do so still stands.

        The token is asked once more inside the unit: after a revocation has answered, nothing
        that came with the token is stored (security.md A08).
        """
        identity = self.identity

        def unit(tx: Tx) -> T:
            if identity is not None:
                confirm(tx, identity)
            return fn(tx, *args, **kwargs)

        return await self.services.db.write(unit)
