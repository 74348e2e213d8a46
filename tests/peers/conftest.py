"""Our own nodes beside foreign servers, one set for all tests of a file."""

from collections.abc import AsyncIterator
from itertools import count
from typing import cast

import pytest
import pytest_asyncio

from domain.kinds import SignatureScheme
from storage.queries import origins
from storage.tx import Tx
from tests.peers.fedify.records import Scheme
from tests.support.databases import Databases
from tests.support.fedify import FedifyPeer, fedify_peer
from tests.support.nodes import Nodes, Person, RunningNode
from tests.together.stories import known

_numbers = count(1)
_SCHEMES = {"cavage": SignatureScheme.CAVAGE, "rfc9421": SignatureScheme.RFC9421}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nodes(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Nodes]:
    """Starts nodes on SQLite, and ends them with the file."""
    urls: list[str] = []

    def fresh() -> str:
        urls.append(databases.fresh("sqlite"))
        return urls[-1]

    async with Nodes(fresh, tmp_path_factory.mktemp("nodes")) as started:
        yield started
    for url in urls:
        databases.give_back(url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hq(nodes: Nodes) -> RunningNode:
    """Our node."""
    return await nodes.start("hq")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inner(nodes: Nodes) -> RunningNode:
    """A node whose people nobody outside knows."""
    return await nodes.start("inner", public_means="network")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fedify_peers(hq: RunningNode) -> AsyncIterator[dict[str, FedifyPeer]]:
    """A foreign server for each way of signing; our node signs towards it in the same way."""
    async with (
        fedify_peer("cavage", host="elder.localhost") as elder,
        fedify_peer("rfc9421", host="newer.localhost") as newer,
    ):
        for peer in (elder, newer):
            await hq.db.write(_sign_towards, peer.origin, _SCHEMES[peer.knock])
        yield {"cavage": elder, "rfc9421": newer}
        for peer in (elder, newer):
            assert await peer.errors() == []


def _sign_towards(tx: Tx, origin: str, scheme: SignatureScheme) -> None:
    origins.remember_scheme(tx, origins.origin_id(tx, origin), scheme)


@pytest.fixture(params=["cavage", "rfc9421"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    """How both sides sign."""
    return cast("Scheme", request.param)


@pytest.fixture
def peer(fedify_peers: dict[str, FedifyPeer], scheme: Scheme) -> FedifyPeer:
    """The foreign server that signs like that."""
    return fedify_peers[scheme]


@pytest.fixture
def third(fedify_peers: dict[str, FedifyPeer], scheme: Scheme) -> FedifyPeer:
    """Another foreign server, which signs in the other way."""
    return fedify_peers["rfc9421" if scheme == "cavage" else "cavage"]


@pytest.fixture
def handle() -> str:
    """A handle that no test had before."""
    return f"ana{next(_numbers)}"


@pytest_asyncio.fixture(loop_scope="module")
async def rue(peer: FedifyPeer, handle: str) -> str:
    """Somebody new at the foreign server: the handle."""
    name = f"rue{handle.removeprefix('ana')}"
    await peer.new_actor(name)
    return name


@pytest_asyncio.fixture(loop_scope="module")
async def ana(hq: RunningNode, handle: str) -> Person:
    """Somebody new at our node, who may be looked up."""
    return await known(hq, handle)
