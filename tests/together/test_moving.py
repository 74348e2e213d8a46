"""Moving from one node to another: followers go along, memberships stay."""

import pytest

from social import apps
from social.profiles import ProfileChange, update_profile
from tests.support.nodes import SCOPES, Json, Nodes, Person, RunningNode, until
from tests.together.communities import become_partners, found
from tests.together.stories import asked, befriend, following, known, settled, standing, told
from tests.web.visitor import PASSWORD, Shown, browsing, with_password


async def mover(node: RunningNode) -> Person:
    """Ana, who can be looked up, with an app, and a password to confirm with."""
    ana = await with_password(node, "ana")
    issued = await node.db.write(apps.issue, app_id=None, account_id=ana.id, granted=SCOPES)
    change = ProfileChange(public=True)
    await node.db.write(update_profile, node=node.node, actor_id=ana.id, change=change)
    return Person(node, ana.id, ana.handle, issued.token)


async def named_there(new: Person, old: Person) -> None:
    """The new account names the old one, on its page."""
    async with browsing(new.node, new) as browser:
        await browser.get("/settings/moving")
        shown = await browser.send("/settings/moving/from", account=old.acct)
        assert shown.status == 303, shown.text


async def moves(old: Person, new: Person, password: str = PASSWORD) -> Shown:
    """The old account moves, on its page."""
    async with browsing(old.node, old) as browser:
        await browser.get("/settings/moving")
        return await browser.send("/settings/moving", account=new.acct, password=password)


async def moved_to(reader: Person, account: Json) -> str | None:
    """Where an account leads, as this reader's app shows it."""
    shown = await reader.get(f"/api/v1/accounts/{account['id']}")
    return None if shown["moved"] is None else str(shown["moved"]["uri"])


@pytest.mark.both
@pytest.mark.interop("Move", "out", "followers follow the new account", peer="our nodes")
async def test_followers_go_along_wherever_they_live(nodes: Nodes) -> None:
    hq, lab, far = await nodes.start("hq"), await nodes.start("lab"), await nodes.start("far")
    ana, anew = await mover(hq), await known(lab, "anew")
    ben, bo = await known(far, "ben"), await known(hq, "bo")
    at_far, at_hq = await befriend(ben, ana), await bo.follow(ana)
    await named_there(anew, ana)
    assert (await moves(ana, anew)).status == 303
    for person in (ben, bo):
        there = await person.find(anew.acct)

        async def asks(person: Person = person, there: Json = there) -> bool:
            return bool((await standing(person, there["id"]))["requested"])

        await until(asks)
    for person, account in ((ben, at_far), (bo, at_hq)):
        await following(person, account["id"], is_so=False)
        assert await moved_to(person, account) == anew.uri
        note = await told(person, "move")
        assert (note["account"]["uri"], note["target"]["uri"]) == (ana.uri, anew.uri)
    for person in (ben, bo):
        await asked(anew, person.uri)


async def test_nobody_moves_where_they_are_not_expected(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, other, ben = (
        await mover(hq),
        await known(lab, "cy"),
        await known(lab, "ben"),
    )
    account = await befriend(ben, ana)
    refused = await moves(ana, other)
    assert refused.status == 422
    assert "does not name this one yet" in refused.text
    await settled(hq, lab)
    assert (await standing(ben, account["id"]))["following"] is True
    assert await moved_to(ben, account) is None


async def test_a_move_takes_the_password(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, anew = await mover(hq), await known(lab, "anew")
    await named_there(anew, ana)
    refused = await moves(ana, anew, "not the password")
    assert refused.status == 422
    assert "not your password" in refused.text
    assert (await moves(ana, anew)).status == 303


async def test_a_second_move_waits_and_the_way_can_end(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, anew = await mover(hq), await known(lab, "anew")
    ben = await known(lab, "ben")
    account = await befriend(ben, ana)
    await named_there(anew, ana)
    await moves(ana, anew)
    await following(ben, account["id"], is_so=False)
    answer = await ben.ask("POST", f"/api/v1/accounts/{account['id']}/follow")
    assert answer.status == 403
    assert f"Follow {anew.acct}" in answer.json["error"]
    async with browsing(hq, ana) as browser:
        await browser.get("/settings/moving")
        assert (await browser.send("/settings/moving/end")).status == 303
    assert (await moves(ana, anew)).status == 429, "once in seven days"


@pytest.mark.interop("Move", "in", "memberships stay with the old account", peer="our nodes")
async def test_T17_a_membership_does_not_move(nodes: Nodes) -> None:
    hq, lab, far = await nodes.start("hq"), await nodes.start("lab"), await nodes.start("far")
    await become_partners(hq, lab)
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    club = await found(hq, ana, bo)
    ben, anew = await mover(lab), await known(far, "anew")
    await club.invite(int((await ana.find(ben.acct))["id"]), ana)
    group = await ben.find(club.acct)
    await ben.post(f"/api/v1/accounts/{group['id']}/follow")
    await club.takes_in(ben.uri, lab)
    await befriend(ana, ben)  # so that the move concerns somebody at the community's node
    await named_there(anew, ben)
    assert (await moves(ben, anew)).status == 303
    there = await ana.find(anew.acct)

    async def asks() -> bool:
        return bool((await standing(ana, there["id"]))["requested"])

    await until(asks)
    await settled(hq, lab, far)
    assert await club.has(ben.uri)
    assert await club.has(ben.uri, lab)
    assert await club.member(anew.uri) is None
    await ben.say(f"{club.acct} still here", visibility="private")
    await ana.sees("still here")
    assert (await standing(ben, group["id"]))["following"] is True
