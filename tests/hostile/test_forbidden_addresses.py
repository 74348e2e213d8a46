"""F01, F11: whatever a stranger makes us look at, forbidden addresses are never touched.

The node may reach 127.0.0.1 only, so that every other address of this machine stands for an
inner network. Each row plants a forbidden address where another path of the product would
follow it; a listener on all addresses must hear nobody, and a permitted twin must be reached.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from storage.queries import deliveries
from tests.support.listeners import Canary, watch_connects
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.support.stranger import Page, Stranger, stranger
from tests.support.stranger import Person as Liar

Plant = Callable[[Stranger, RunningNode, Person, str], Coroutine[Any, Any, None]]

ONLY_US = "127.0.0.1/32"
# Where an inner service might listen; spelled as hosts of URLs. The names end at a forbidden
# address in every resolver; literals need none.
FORBIDDEN = [
    "127.0.0.2",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.2]",
    "[fd00::1]",
    "[fe80::1]",
    "[64:ff9b::7f00:2]",
    "[2002:7f00:2::1]",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
]


async def key_id(far: Stranger, node: RunningNode, _: Person, url: str) -> None:
    """A signature that names a key there."""
    liar = far.person("liar")
    follow = far.activity(liar, "Follow", f"{node.origin}/a/1")
    await far.deliver(liar, f"{node.origin}/inbox", follow, key_id=f"{url}/users/x#main-key")


async def actor(far: Stranger, node: RunningNode, _: Person, url: str) -> None:
    """A key document whose owner is there."""
    liar = far.person("liar")
    liar.document["publicKey"]["owner"] = f"{url}/users/x"
    follow = far.activity(liar, "Follow", f"{node.origin}/a/1")
    await far.deliver(liar, f"{node.origin}/inbox", follow)


async def inbox(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An inbox there: our Accept would be delivered to it."""
    liar = far.person("liar", inbox=f"{url}/inbox", endpoints={})
    follow = far.activity(liar, "Follow", ana.uri)
    taken = await far.deliver(liar, f"{node.origin}/inbox", follow)
    if taken.status == 202:
        await _asked(ana)
    for request in await ana.get("/api/v1/follow_requests"):
        await ana.post(f"/api/v1/follow_requests/{request['id']}/authorize")


async def _asked(ana: Person) -> None:
    async def asked() -> bool:
        return bool(await ana.get("/api/v1/follow_requests"))

    await until(asked)


async def announced(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """An Announce of an object there, by somebody whom ana follows."""
    liar = await followed(far, node, ana)
    await far.deliver(liar, f"{node.origin}/inbox", far.activity(liar, "Announce", f"{url}/o/1"))


async def answered(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note that answers one there: the ancestors would be fetched."""
    liar = await followed(far, node, ana)
    note = far.note(liar, inReplyTo=f"{url}/o/1")
    await far.deliver(liar, f"{node.origin}/inbox", far.activity(liar, "Create", note))


async def created(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A Create whose object is only an id there."""
    liar = await followed(far, node, ana)
    await far.deliver(liar, f"{node.origin}/inbox", far.activity(liar, "Create", f"{url}/o/1"))


async def mentioned(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note that names somebody there."""
    liar = await followed(far, node, ana)
    tag = {"type": "Mention", "href": f"{url}/users/x", "name": "@x"}
    note = far.note(liar, tag=[tag], cc=[f"{url}/users/x"])
    await far.deliver(liar, f"{node.origin}/inbox", far.activity(liar, "Create", note))


async def redirected(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A note that we are asked to look up, and that moved there."""
    far.pages["/moved"] = Page(status=302, headers={"Location": f"{url}/o/1"})
    await ana.get("/api/v2/search", q=far.url("/moved"), resolve="true")


async def searched(_: Stranger, __: RunningNode, ana: Person, url: str) -> None:
    """A URL that somebody here types into the search."""
    await ana.get("/api/v2/search", q=f"{url}/o/1", resolve="true")


async def webfinger(_: Stranger, __: RunningNode, ana: Person, url: str) -> None:
    """A handle whose host is there."""
    await ana.get("/api/v2/search", q=f"@x@{url.partition('://')[2]}", resolve="true")


async def webfinger_link(far: Stranger, _: RunningNode, ana: Person, url: str) -> None:
    """A handle whose WebFinger leads there."""
    links = [{"rel": "self", "type": "application/activity+json", "href": f"{url}/users/x"}]
    shown = {"subject": f"acct:x@{far.authority}", "links": links}
    far.pages["/.well-known/webfinger"] = Page(shown, type="application/jrd+json")
    await ana.get("/api/v2/search", q=f"@x@{far.authority}", resolve="true")


async def host_meta(far: Stranger, _: RunningNode, ana: Person, url: str) -> None:
    """A handle whose domain leads there by host-meta."""
    link = f'<Link rel="lrdd" template="{url}/finger?of={{uri}}"/>'
    far.pages["/.well-known/host-meta"] = Page(f"<XRD>{link}</XRD>".encode())
    await ana.get("/api/v2/search", q=f"@x@{far.authority}", resolve="true")


async def moved_away(far: Stranger, node: RunningNode, ana: Person, url: str) -> None:
    """A Move of somebody whom ana follows, to an account there."""
    liar = await followed(far, node, ana)
    move = far.activity(liar, "Move", liar.uri, target=f"{url}/users/x")
    await far.deliver(liar, f"{node.origin}/inbox", move)


async def pinned(far: Stranger, _: RunningNode, ana: Person, url: str) -> None:
    """A collection of pinned posts that moved there."""
    far.pages["/featured"] = Page(status=302, headers={"Location": f"{url}/featured"})
    liar = far.person("liar", featured=far.url("/featured"))
    account = await ana.find(liar.uri)
    await ana.post(f"/api/v1/accounts/{account['id']}/follow")


async def written(_: Stranger, __: RunningNode, ana: Person, url: str) -> None:
    """A post that names somebody there."""
    await ana.say(f"hello @x@{url.partition('://')[2]} and welcome")


PATHS: list[Plant] = [
    key_id,
    actor,
    inbox,
    announced,
    answered,
    created,
    mentioned,
    redirected,
    searched,
    webfinger,
    webfinger_link,
    host_meta,
    moved_away,
    pinned,
    written,
]


# What lies on another origin than its actor is refused without looking there, and who is named
# is not looked up for a post that came from elsewhere.
LEFT_ALONE = {inbox, actor, created, mentioned}
FOLLOWED_UP = [plant for plant in PATHS if plant not in LEFT_ALONE]


async def followed(far: Stranger, node: RunningNode, ana: Person, **more: Any) -> Liar:
    """Somebody on the stranger whom ana follows, so that what comes concerns this node."""
    liar = far.person("liar", **more)
    account = await ana.find(liar.uri)
    await ana.post(f"/api/v1/accounts/{account['id']}/follow")
    follow = {"type": "Follow", "actor": ana.uri, "object": liar.uri}
    await far.deliver(liar, f"{node.origin}/inbox", far.activity(liar, "Accept", follow))

    async def following() -> bool:
        (shown,) = await ana.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
        return bool(shown["following"])

    await until(following)
    return liar


async def quiet(node: RunningNode) -> None:
    """Wait until nothing is due: no delivery, no activity to process."""

    async def idle() -> bool:
        return not await node.db.read(deliveries.waiting)

    await asyncio.sleep(0.3)
    try:
        await until(idle, 1.0)
    except TimeoutError:
        return  # a delivery that was refused waits for its next try


@pytest.mark.parametrize("plant", PATHS, ids=lambda plant: plant.__name__)
async def test_F01_no_path_leads_to_a_forbidden_address(nodes: Nodes, plant: Plant) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana = await node.person("ana")
    with Canary() as canary, watch_connects() as watch:
        for number, host in enumerate(FORBIDDEN):
            async with stranger(f"far{number}") as far:
                await plant(far, node, ana, f"http://{host}:{canary.port}")
                await asyncio.sleep(0.02)
        await quiet(node)
        assert {to for to in watch.connects if to != "127.0.0.1"} == set()
        assert canary.touches() == 0


@pytest.mark.parametrize("plant", FOLLOWED_UP, ids=lambda plant: plant.__name__)
async def test_F01_the_same_path_reaches_a_permitted_address(nodes: Nodes, plant: Plant) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana = await node.person("ana")
    with Canary("127.0.0.1") as canary:
        async with stranger("far") as far:
            url = f"http://other.localhost:{canary.port}"
            planting = asyncio.create_task(plant(far, node, ana, url))

            async def reached() -> bool:
                return canary.touches() > 0

            await until(reached)
            planting.cancel()  # nobody answers there


async def test_F01_an_inbox_beside_its_actor_is_delivered_to(nodes: Nodes) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana = await node.person("ana")
    async with stranger("far") as far:
        await inbox(far, node, ana, far.origin)

        async def accepted() -> bool:
            return any(seen.path == "/inbox" for seen in far.seen)

        await until(accepted)


async def test_F11_our_own_pages_are_no_object_and_our_own_inbox_no_target(nodes: Nodes) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana, bo = await node.person("ana"), await node.person("bo")
    secret = await bo.say("only mine", visibility="direct")
    found = await ana.get("/api/v2/search", q=secret["uri"], resolve="true")
    assert found["statuses"] == []
    async with stranger("far") as far:
        liar = far.person("liar", inbox=f"{node.origin}/inbox")
        follow = far.activity(liar, "Follow", ana.uri)
        await far.deliver(liar, f"{node.origin}/inbox", follow)
        assert await ana.get("/api/v1/follow_requests") == []
