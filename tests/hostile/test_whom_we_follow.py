"""G11, G12: what members follow elsewhere is not told by the lists that others may read."""

import pytest

from domain.kinds import Role
from tests.hostile.test_not_there import NEVER, seen
from tests.support.nodes import Answer, Nodes, Person
from tests.together.stories import befriend, known


@pytest.mark.parametrize("path", ["/api/v1/timelines/public", "/api/v1/timelines/tag/learning"])
async def test_G11_lists_for_strangers_and_guests_hold_what_was_written_here(
    nodes: Nodes, path: str
) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    ana, eve = await known(hq, "ana"), await known(far, "eve")
    guest = await hq.person("gina", Role.GUEST)
    await befriend(ana, eve)
    theirs = await eve.say("written elsewhere #learning")
    ours = await ana.say("written here #learning")
    await ana.sees("written elsewhere")
    member = await ana.get(path)
    assert {one["uri"] for one in member} >= {theirs["uri"], ours["uri"]}
    for shown in ((await hq.ask("GET", path)).json, await guest.get(path)):
        assert [one["uri"] for one in shown] == [ours["uri"]]
    for query in ("?remote=true", "?only_media=true"):
        assert (await hq.ask("GET", f"/api/v1/timelines/public{query}")).json == []


OF_SOMEBODY = (
    *("/api/v1/accounts/{id}", "/api/v1/accounts/{id}/statuses", "/api/v1/accounts/{id}/followers"),
    *("/api/v1/accounts/{id}/following", "/api/v1/accounts/lookup?acct={acct}"),
)


async def test_G12_people_elsewhere_are_for_members_and_for_guests_who_met_them(
    nodes: Nodes,
) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    ana, eve = await known(hq, "ana"), await known(far, "eve")
    gina, gus = await hq.person("gina", Role.GUEST), await hq.person("gus", Role.GUEST)
    account = await befriend(ana, eve)
    await eve.say("for the whole world")
    await ana.sees("for the whole world")
    names = {"id": account["id"], "acct": account["acct"]}
    never = {"id": NEVER, "acct": f"nobody@{far.host}"}

    async def asked(who: Person | None, door: str, of: dict[str, object]) -> Answer:
        headers = {"Authorization": f"Bearer {who.token}"} if who else {}
        return await hq.ask("GET", door.format(**of), headers=headers)

    async def hidden_from(who: Person | None) -> None:
        for door in OF_SOMEBODY:
            there, nothing = await asked(who, door, names), await asked(who, door, never)
            assert there.status == 404, door
            assert seen(there) == seen(nothing), door
        assert (await asked(who, "/api/v1/accounts?id[]={id}", names)).json == []

    async def shown_to(who: Person) -> None:
        for door in OF_SOMEBODY:
            assert (await asked(who, door, names)).status == 200, door
        assert len((await asked(who, "/api/v1/accounts?id[]={id}", names)).json) == 1

    await shown_to(ana)
    for who in (gina, gus, None):
        await hidden_from(who)
    await ana.say(f"{eve.acct} and @gina, you should meet", visibility="direct")
    await shown_to(gina)
    for other in (gus, None):
        await hidden_from(other)
