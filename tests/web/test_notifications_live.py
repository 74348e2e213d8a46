"""What is held back is told by no stream; hearing it after all is."""

from tests.support.nodes import Person, RunningNode
from tests.web.test_streaming import frame, socket

V1 = "/api/v1/notifications"


async def test_what_is_held_back_comes_once_it_is_heard(
    node: RunningNode, ana: Person, bo: Person
) -> None:
    cy = await node.person("cy")
    await ana.post(f"/api/v1/accounts/{cy.id}/follow")
    await ana.put("/api/v2/notifications/policy", for_not_following="filter")
    async with socket(ana, {"stream": "user:notification"}) as live:
        await bo.say("@ana psst")
        await cy.say("@ana aloud")
        first = await frame(live)
        assert (first["event"], "aloud" in first["payload"]) == ("notification", True)
        (request,) = await ana.get(f"{V1}/requests")
        await ana.post(f"{V1}/requests/{request['id']}/accept")
        merged = await frame(live)
        assert (merged["event"], merged["payload"]) == ("notifications_merged", "")
        await bo.say("@ana once more")
        assert "once more" in (await frame(live))["payload"]
