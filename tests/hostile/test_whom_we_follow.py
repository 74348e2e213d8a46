"""G11, G12: what members follow elsewhere is not told by the lists that others may read."""

import pytest

from domain.kinds import Role
from tests.support.nodes import Nodes
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
