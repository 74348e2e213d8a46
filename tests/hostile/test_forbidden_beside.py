"""F01, F03, F11: what stands beside posts and people leads to no forbidden address either.

Pictures, threads, quotes, polls, groups and everything that is asked for again later. How the
client judges addresses has its own matrix; here each path is walked to a few of them, and its
permitted twin is reached.
"""

import asyncio

import pytest

from tests.hostile.beside import FOLLOWED_UP, PATHS, answers, consent, thread
from tests.hostile.planting import FEW
from tests.hostile.test_forbidden_addresses import ONLY_US, Plant, quiet
from tests.support.listeners import Canary, watch_connects
from tests.support.nodes import Nodes, until
from tests.support.stranger import stranger


@pytest.mark.parametrize("plant", PATHS, ids=lambda plant: plant.__name__)
async def test_F01_nothing_beside_leads_to_a_forbidden_address(nodes: Nodes, plant: Plant) -> None:
    node = await nodes.start(
        "hq", allow_private_networks=ONLY_US, public_means="public", link_previews="on"
    )
    ana = await node.person("ana")
    with Canary() as canary, watch_connects() as watch:
        for number, host in enumerate(FEW):
            async with stranger(f"far{number}") as far:
                await plant(far, node, ana, f"http://{host}:{canary.port}")
                await quiet(node)
        assert {to for to in watch.connects if to != "127.0.0.1"} == set()
        assert canary.touches() == 0


@pytest.mark.parametrize("plant", FOLLOWED_UP, ids=lambda plant: plant.__name__)
async def test_F01_the_same_beside_reaches_a_permitted_address(nodes: Nodes, plant: Plant) -> None:
    node = await nodes.start(
        "hq", allow_private_networks=ONLY_US, public_means="public", link_previews="on"
    )
    ana = await node.person("ana")
    with Canary("127.0.0.1") as canary:
        async with stranger("far") as far:
            url = f"http://other.localhost:{canary.port}"
            planting = asyncio.create_task(plant(far, node, ana, url))

            async def reached() -> bool:
                return canary.touches() > 0

            await until(reached)
            planting.cancel()  # nobody answers there


@pytest.mark.parametrize("plant", [answers, thread, consent], ids=lambda plant: plant.__name__)
async def test_O10_what_lies_elsewhere_is_not_asked_for(nodes: Nodes, plant: Plant) -> None:
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana = await node.person("ana")
    async with stranger("far") as far, stranger("other") as other:
        await plant(far, node, ana, other.origin)
        await quiet(node)
        assert [one.path for one in other.seen if one.method == "GET"] == []


# F11: ourselves.


@pytest.mark.parametrize("path", ["/search?q={}", "/settings", "/static/%2e%2e/search?q={}"])
@pytest.mark.parametrize("part", ["icon", "image", "emoji"])
async def test_F11_nobodys_picture_is_a_page_of_ours(nodes: Nodes, part: str, path: str) -> None:
    """A browser would open it with the reader's cookies, and ask whomever the search names."""
    node = await nodes.start("hq", allow_private_networks=ONLY_US)
    ana = await node.person("ana")
    async with stranger("far") as far:
        url = f"{node.origin}{path.format(far.url('/users/spy'))}"
        image = {"type": "Image", "url": url, "mediaType": "image/png"}
        emoji = {"type": "Emoji", "name": ":hi:", "icon": image}
        more = {"tag": [emoji], "name": ":hi:"} if part == "emoji" else {part: image}
        found = await ana.find(far.person("liar", **more).uri)
        names = {"icon": found["avatar"], "image": found["header"]}
        named = [one["url"] for one in found["emojis"]] if part == "emoji" else [names[part]]
        for address in named:  # what is no address is no picture: then it is the usual one
            usual = address.partition("?")[0].endswith((".png", ".svg"))
            assert address.startswith(f"{node.origin}/proxy/") or usual, address
            assert (await node.ask("GET", address)).status == (200 if usual else 404)
        assert url not in str(found)
        assert far.fetches("/users/spy") == 0


async def test_F11_our_own_pictures_are_shown_as_they_are(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    account = await ana.get(f"/api/v1/accounts/{ana.id}")
    for picture in (account["avatar"], account["header"]):
        assert picture.startswith(f"{node.origin}/static/")
        assert (await node.ask("GET", picture)).status == 200
