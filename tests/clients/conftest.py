"""Two nodes for the whole folder, and people on them who know each other."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from mastodon import Mastodon

from tests.clients import mastodon_py
from tests.clients.masto_js import Masto
from tests.clients.serving import ServedNode, seen, served
from tests.clients.toot_program import Toot


@dataclass(frozen=True)
class World:
    """`hq`, where Ana uses toot, and `lab`, where Bo uses Mastodon.py; each follows the other.

    Cy lives at the lab too, uses Mastodon.py and follows nobody: the one who must not see.
    """

    hq: ServedNode
    lab: ServedNode
    ana: Toot
    bo: Mastodon
    cy: Mastodon

    @property
    def bo_acct(self) -> str:
        """Bo, as written elsewhere."""
        return f"@bo@{self.lab.domain}"

    @property
    def cy_acct(self) -> str:
        """Cy, as written elsewhere."""
        return f"@cy@{self.lab.domain}"

    @property
    def ana_at_hq(self) -> str:
        """Ana's handle as the lab shows it."""
        return self.ana.acct.removeprefix("@")

    def found_at_lab(self, url: str) -> Any:
        """A post of hq as the lab knows it, seen by Bo."""
        return mastodon_py.find(self.bo, url, "statuses")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("clients")
    with ExitStack() as stack:
        hq = stack.enter_context(served("Headquarters", folder))
        lab = stack.enter_context(served("Laboratory", folder))
        hq.person("ana")
        lab.person("bo")
        lab.person("cy")
        ana = Toot(hq, "ana", folder / "toot")
        ana.log_in()
        made = World(hq, lab, ana, mastodon_py.log_in(lab, "bo"), mastodon_py.log_in(lab, "cy"))
        befriend(made)
        yield made


def befriend(world: World) -> None:
    """Ana follows Bo, Bo follows Ana, and both servers know it.

    The nodes have no agreement, so whoever follows somebody on the other one asks (protocol.md §1).
    """
    world.ana("follow", world.bo_acct)
    (asking,) = seen(world.bo.follow_requests, "Ana asking to follow Bo")
    world.bo.follow_request_authorize(asking)
    world.bo.account_follow(asking)
    seen(lambda: world.bo_acct in world.ana("follow-requests", "list"), "Bo asking to follow Ana")
    world.ana("follow-requests", "accept", world.bo_acct)

    def both() -> bool:
        (state,) = world.bo.account_relationships(asking)
        return bool(state.following and state.followed_by)

    seen(both, "Ana and Bo following each other")


@pytest.fixture
def ana(world: World) -> Toot:
    return world.ana


@pytest.fixture
def bo(world: World) -> Mastodon:
    return world.bo


@pytest.fixture
def cy(world: World) -> Mastodon:
    return world.cy


@pytest.fixture(scope="session")
def jo(world: World) -> Iterator[Masto]:
    """Jo, at headquarters like Ana, uses masto in JavaScript; the two follow each other."""
    world.hq.person("jo")
    client = Masto(world.hq, "jo")
    try:
        client.log_in()
        ana = client("v1 accounts lookup", {"acct": "ana"})
        client(f"v1 accounts ${ana['id']} follow")
        world.ana("follow", "jo")
        yield client
    finally:
        client.close()


@pytest.fixture(scope="session")
def kim(world: World) -> Mastodon:
    """Kim, at headquarters too, uses Mastodon.py."""
    world.hq.person("kim")
    return mastodon_py.log_in(world.hq, "kim")


@pytest.fixture(scope="session")
def club(world: World, jo: Masto, kim: Mastodon) -> str:
    """The id of a community for members at headquarters: founded by Jo, with Kim and Ana in it.

    Jo launches it and lets Ana in by telling the helper, as from any app.
    """
    words = ("--name", "Safe Lifting", "--purpose", "To lift without harm", "--by", "jo")
    world.hq.tertulia("community", "create", "lifting", *words, "--steward", "kim")
    found = kim.account_lookup("lifting")
    assert kim.account_follow(found).following
    told = {"visibility": "direct"}
    jo("v1 statuses create", told | {"status": "@tertulia launch lifting"})
    world.ana("follow", "lifting")
    jo("v1 statuses create", told | {"status": "@tertulia approve @ana to lifting"})
    members = f"v1 lists $g{found.id} accounts list"
    seen(lambda: "ana" in [one["acct"] for one in jo(members)], "Ana among the members")
    return str(found.id)
