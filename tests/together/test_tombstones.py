"""What is left at the address of a deleted post."""

import pytest

from tests.support.nodes import Nodes
from tests.together.stories import known

AS2 = {"Accept": "application/activity+json"}


@pytest.mark.interop("Tombstone", "out", "410 where the post was for the world", peer="a stranger")
async def test_a_post_for_the_world_leaves_a_tombstone(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    made = await ana.say("for the world")
    assert (await hq.ask("GET", made["uri"], headers=AS2)).status == 200
    await ana.delete(f"/api/v1/statuses/{made['id']}")
    answer = await hq.ask("GET", made["uri"], headers=AS2)
    assert answer.status == 410
    assert (answer.json["type"], answer.json["id"]) == ("Tombstone", made["uri"])


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_P06_any_other_post_leaves_nothing(nodes: Nodes, visibility: str) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    made = await ana.say("for few", visibility=visibility)
    before = await hq.ask("GET", made["uri"], headers=AS2)
    await ana.delete(f"/api/v1/statuses/{made['id']}")
    after = await hq.ask("GET", made["uri"], headers=AS2)
    missing = await hq.ask("GET", f"{hq.origin}/o/117000000000000000", headers=AS2)
    assert before.status == after.status == missing.status == 404
    assert before.body == after.body == missing.body
