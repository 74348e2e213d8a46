"""The page of whom one hears: who waits, and the choice of whom to hold back, without scripts."""

from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Visitor

PATH = "/notifications/waiting"
POLICY = "/api/v2/notifications/policy"


async def test_a_choice_on_the_page_holds_in_apps_and_the_other_way_round(
    ana: Person, at_ana: Visitor
) -> None:
    shown = await at_ana.get(PATH)
    assert "Nobody is waiting" in shown.text
    assert shown.fields(PATH)["not_following"] == "tell"
    saved = await at_ana.submit(shown, PATH, not_following="hold", new_accounts="drop")
    assert saved.location.startswith(PATH)
    policy = await ana.get(POLICY)
    assert (policy["for_not_following"], policy["for_new_accounts"]) == ("filter", "drop")
    await ana.put(POLICY, for_not_following="accept")
    fields = (await at_ana.get(PATH)).fields(PATH)
    assert (fields["not_following"], fields["new_accounts"]) == ("tell", "drop")


async def test_who_waits_is_heard_or_let_go(
    node: RunningNode, ana: Person, bo: Person, at_ana: Visitor
) -> None:
    cy = await node.person("cy")
    await ana.put(POLICY, for_not_following="filter")
    await bo.say("@ana let me in")
    await cy.say("@ana buy this")
    assert "2 people wait to be heard" in (await at_ana.get("/notifications")).text
    shown = await at_ana.get(PATH)
    assert "let me in" in shown.text
    ids = {
        one["account"]["acct"]: one["id"] for one in await ana.get("/api/v1/notifications/requests")
    }
    await at_ana.submit(shown, f"{PATH}/{ids['bo']}/accept")
    await at_ana.submit(shown, f"{PATH}/{ids['cy']}/dismiss")
    assert "Nobody is waiting" in (await at_ana.get(PATH)).text
    listed = (await at_ana.get("/notifications")).text
    assert "let me in" in listed
    assert "buy this" not in listed
    gone = await at_ana.submit(shown, f"{PATH}/{ids['bo']}/accept")
    assert gone.status == 404


async def test_a_choice_that_there_is_not_is_refused(ana: Person, at_ana: Visitor) -> None:
    shown = await at_ana.get(PATH)
    refused = await at_ana.submit(shown, PATH, not_followers="maybe")
    assert refused.status == 422
    assert (await ana.get(POLICY))["for_not_followers"] == "accept"


async def test_strangers_are_asked_to_sign_in(stranger: Visitor) -> None:
    assert (await stranger.get(PATH)).status in {302, 303}
    assert (await stranger.post(PATH)).status in {302, 303, 403}
