"""A community of three nodes as an app shows it to people whose nodes never contact each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.support.strict import check
from tests.together.communities import Community, become_partners, found, note_for
from tests.together.stories import settled
from tests.web.test_streaming import frame, socket

pytestmark = pytest.mark.both


@dataclass
class World:
    """The community on hq; cy belongs to it from lab, dora from mill; eve is cy's colleague."""

    community: Community
    ana: Person
    cy: Person
    dora: Person
    eve: Person
    at_lab: str
    at_mill: str

    @property
    def nodes(self) -> tuple[RunningNode, ...]:
        return self.ana.node, self.cy.node, self.dora.node


@pytest.fixture
async def world(nodes: Nodes) -> World:
    hq, lab, mill = [await nodes.start(name) for name in ("hq", "lab", "mill")]
    await become_partners(hq, lab)
    await become_partners(hq, mill)
    ana, bo = await hq.person("ana"), await hq.person("bo")
    cy, eve, dora = await lab.person("cy"), await lab.person("eve"), await mill.person("dora")
    community = await found(hq, ana, bo)
    ids = [await joined(community, ana, person) for person in (cy, dora)]
    return World(community, ana, cy, dora, eve, *ids)


async def joined(community: Community, steward: Person, person: Person) -> str:
    """Somebody elsewhere asks and is let in; the community's id on their node."""
    account = await person.follow(community.acct)
    await note_for(steward, f"@{person.handle}@{person.node.host}")
    order = f"@tertulia approve @{person.handle}@{person.node.host}"
    await steward.say(order, visibility="direct")
    await community.takes_in(person.uri, person.node)
    return str(account["id"])


async def comes(find: Callable[[], Awaitable[Any]]) -> Any:
    """Wait until there is something."""
    seen: Any = None

    async def there() -> bool:
        nonlocal seen
        seen = await find()
        return bool(seen)

    await until(there)
    return seen


async def listed(person: Person, group: str, text: str) -> Json:
    """Wait until a text stands in somebody's list of the community; the line."""
    return await person.sees(text, f"/api/v1/timelines/list/g{group}")


async def test_cy_reads_dora_under_the_name_on_her_card(world: World) -> None:
    cy, dora = world.cy, world.dora
    await cy.home()
    said = await dora.say(f"{world.community.acct} We lift with straps")
    line = check("status", await listed(cy, world.at_lab, "straps"))
    assert line["account"]["id"] == world.at_lab
    assert line["account"]["group"] is True
    author = check("account", line["reblog"]["account"])
    assert (author["display_name"], author["acct"]) == ("dora", f"dora@{dora.node.host}")
    assert line["reblog"]["uri"] == said["uri"]
    assert line["reblog"]["visibility"] == "private"
    [home] = await cy.home()
    assert home["id"] == line["id"]
    [shared] = await cy.get(f"/api/v1/accounts/{author['id']}/lists")
    assert shared["id"] == f"g{world.at_lab}"
    # Her page is there for Cy, and for nobody else of his node.
    page = f"/api/v1/accounts/{author['id']}"
    assert check("account", await cy.get(page))["display_name"] == "dora"
    assert {"cy", "dora"} <= {
        each["username"] for each in await cy.get(f"/api/v1/lists/g{world.at_lab}/accounts")
    }
    refused = await cy.ask("POST", f"{page}/follow")
    assert (refused.status, "community" in refused.json["error"]) == (403, True)
    outside = world.eve
    assert (await outside.ask("GET", page)).status == 404
    assert await outside.get("/api/v1/accounts/search", q="dora") == []
    assert await outside.get("/api/v1/lists") == []
    status = f"/api/v1/statuses/{line['reblog']['id']}"
    assert (await outside.ask("GET", status)).status == 404
    assert (await outside.ask("GET", f"/api/v1/timelines/list/g{world.at_lab}")).status == 404


async def test_people_of_two_nodes_answer_each_other_by_name(world: World) -> None:
    ana, cy, dora = world.ana, world.cy, world.dora
    await dora.say(f"{world.community.acct} Who knows straps?")
    question = (await listed(cy, world.at_lab, "straps"))["reblog"]
    acct = question["account"]["acct"]
    await cy.say(f"@{acct} I do", in_reply_to_id=question["id"])
    for person, group in (
        *((ana, str(world.community.id)), (cy, world.at_lab), (dora, world.at_mill)),
    ):
        answer = (await listed(person, group, "I do"))["reblog"]
        assert answer["in_reply_to_id"] is not None
        assert [named["username"] for named in answer["mentions"]] == ["dora"], person.handle
    told = await comes(lambda: dora.get("/api/v1/notifications", **{"types[]": "mention"}))
    by = [note["account"]["acct"] for note in told if "I do" in note["status"]["content"]]
    assert by == [f"cy@{cy.node.host}"]
    assert {note["account"]["display_name"] for note in told} == {"cy"}
    home = await comes(lambda: _home_with(dora, "I do"))
    assert home["account"]["id"] == world.at_mill


async def _home_with(person: Person, text: str) -> Json:
    lines = [line for line in await person.home() if line["reblog"]]
    return next((line for line in lines if text in line["reblog"]["content"]), None)


async def test_words_wait_are_taken_in_and_stream_under_the_list(world: World) -> None:
    cy, dora = world.cy, world.dora
    wish = {"stream": "list", "list": f"g{world.at_mill}"}
    async with socket(dora, wish) as live:
        said = await cy.say(f"{world.community.acct} Live from the lab")
        if "tertulia" in said:  # it may be taken in before the answer is written
            assert said["tertulia"]["standing"] == "waiting"
        heard = await frame(live)
        assert (heard["stream"], heard["event"]) == (["list", wish["list"]], "update")
        status = check("status", orjson.loads(heard["payload"]))
        assert status["reblog"]["uri"] == said["uri"]
        assert status["reblog"]["account"]["display_name"] == "cy"
    mine = await comes(lambda: _taken_in(cy, said["id"]))
    assert check("status", mine)["id"] == said["id"]
    await listed(cy, world.at_lab, "Live from the lab")


async def _taken_in(person: Person, status: str) -> Json | None:
    found = await person.get(f"/api/v1/statuses/{status}")
    return None if "tertulia" in found else found


async def test_a_name_outside_the_community_stays_plain_text(world: World) -> None:
    cy, dora = world.cy, world.dora
    await dora.say(f"{world.community.acct} Here I am")
    author = (await listed(cy, world.at_lab, "Here I am"))["reblog"]["account"]
    said = await cy.say(f"@{author['acct']} between us", visibility="direct")
    assert said["mentions"] == []
    await note_for(cy, "may not read")
    await settled(*world.nodes)
    assert await dora.get("/api/v1/notifications", **{"types[]": "mention"}) == []
