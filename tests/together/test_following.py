"""Following across nodes: asked for, accepted, refused, ended; sisters need not wait."""

import pytest
from aiohttp import FormData

from domain.kinds import SignatureScheme
from tests.support.nodes import Nodes, until
from tests.support.pictures import picture
from tests.together.spies import a_spy
from tests.together.stories import (
    asked,
    become_sisters,
    befriend,
    following,
    known,
    request_of,
    scheme_towards,
    settled,
    standing,
    told,
)


@pytest.mark.interop("Follow", "out", "is asked, and answered", peer="our nodes")
@pytest.mark.interop("Accept{Follow}", "out", "the follow stands", peer="our nodes")
@pytest.mark.both
async def test_two_people_follow_each_other_by_their_handles(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    there = await befriend(ben, ana)
    back = await befriend(ana, ben)
    assert (there["acct"], back["acct"]) == (f"ana@{hq.host}", f"ben@{lab.host}")
    assert (there["uri"], back["uri"]) == (ana.uri, ben.uri)
    both = await standing(ana, back["id"])
    assert (both["following"], both["followed_by"], both["requested"]) == (True, True, False)
    listed = await ana.get(f"/api/v1/accounts/{ana.id}/followers")
    assert [account["uri"] for account in listed] == [ben.uri]


@pytest.mark.both
async def test_a_request_waits_until_it_is_accepted(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await ben.follow(ana)
    assert (await standing(ben, account["id"]))["requested"] is True
    asking = (await told(ana, "follow_request"))["account"]
    await settled(hq, lab)
    waits = await standing(ben, account["id"])
    assert (waits["requested"], waits["following"]) == (True, False)
    await ana.post(f"/api/v1/follow_requests/{asking['id']}/authorize")
    await following(ben, account["id"])
    assert await request_of(ana, ben.uri) is None


@pytest.mark.interop("Reject{Follow}", "out", "the request is refused", peer="our nodes")
async def test_a_request_is_refused(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await ben.follow(ana)
    asking = await asked(ana, ben.uri)
    await ana.post(f"/api/v1/follow_requests/{asking['id']}/reject")

    async def refused() -> bool:
        return not (await standing(ben, account["id"]))["requested"]

    await until(refused)
    await ana.say("for followers", visibility="private")
    await settled(hq, lab)
    assert (await standing(ben, account["id"]))["following"] is False
    assert await ben.home() == []


@pytest.mark.interop("Undo{Follow}", "out", "the follow is over", peer="our nodes")
@pytest.mark.interop("Reject{Follow}", "out", "a follower is removed", peer="our nodes")
async def test_a_follow_ends_from_either_side(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await befriend(ben, ana)
    await ben.post(f"/api/v1/accounts/{account['id']}/unfollow")
    follower = await ana.find(ben.acct)

    async def unfollowed() -> bool:
        return not (await standing(ana, follower["id"]))["followed_by"]

    await until(unfollowed)
    await befriend(ben, ana)
    await ana.post(f"/api/v1/accounts/{follower['id']}/remove_from_followers")
    await following(ben, account["id"], is_so=False)
    await ana.say("nobody left", visibility="private")
    await settled(hq, lab)
    assert await ben.home() == []


@pytest.mark.both
async def test_people_of_a_sister_need_not_wait_unless_locked(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    await become_sisters(hq, lab)
    ana, bea, ben = await known(hq, "ana"), await known(hq, "bea"), await known(lab, "ben")
    await bea.ask("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    account = await ben.follow(ana)
    await following(ben, account["id"])
    assert (await told(ana, "follow"))["account"]["uri"] == ben.uri
    locked = await ben.follow(bea)
    assert locked["locked"] is True
    await asked(bea, ben.uri)
    await settled(hq, lab)
    assert (await standing(ben, locked["id"]))["following"] is False


@pytest.mark.interop(
    "RFC 9421", "out", "between our nodes: with a tag, a nonce and five minutes", peer="our nodes"
)
async def test_two_of_our_nodes_end_up_with_the_stricter_signature(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    await befriend(ana, ben)

    async def both() -> bool:
        schemes = {await scheme_towards(hq, lab), await scheme_towards(lab, hq)}
        return schemes == {SignatureScheme.OURS}

    await until(both)
    await ana.say("signed as ours")
    assert (await ben.sees("signed as ours"))["account"]["uri"] == ana.uri
    await ben.say("so is this")
    await ana.sees("so is this")


async def test_somebody_who_is_not_known_outside_cannot_be_found(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq", public_means="network"), await nodes.start("lab")
    ana, ben = await hq.person("ana"), await known(lab, "ben")
    for name in (ana.acct, f"@nobody@{hq.host}", f"{hq.origin}/a/1"):
        found = await ben.get("/api/v2/search", q=name, resolve="true", type="accounts")
        assert found["accounts"] == []
    await ana.say("hello colleagues")
    found = await ben.get("/api/v2/search", q=ana.acct, resolve="true", type="accounts")
    assert found["accounts"] == []
    cy = await known(hq, "cy")
    assert (await ben.find(cy.acct))["uri"] == cy.uri


async def test_who_is_known_to_our_nodes_alone_is_nobody_to_others(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq", public_means="network"), await nodes.start("lab")
    ana, ben = await hq.person("ana"), await known(lab, "ben")
    await befriend(ana, ben)  # lab learns who she is
    await settled(hq, lab)
    assert (await ben.find(ana.acct))["uri"] == ana.uri
    finger = f"{hq.origin}/.well-known/webfinger?resource=acct:"
    async with a_spy() as spy:
        for url, nobody in (
            (f"{finger}{ana.acct[1:]}", f"{finger}cy@{hq.host}"),
            (ana.uri, f"{hq.origin}/a/1"),
        ):
            for signed in (True, False):
                answer, nothing = [await spy.fetch(one, signed=signed) for one in (url, nobody)]
                assert (answer.status, answer.body) == (404, nothing.body)
        eve = await ana.find(spy.acct)
        assert eve["uri"] == spy.eve.uri
        await ana.say(f"hello {spy.acct}", visibility="direct")
        await settled(hq)
        assert (await spy.fetch(f"{finger}{ana.acct[1:]}", signed=False)).status == 200
        stub = (await spy.fetch(ana.uri, signed=False)).json
        assert set(stub) == {
            *("@context", "id", "type", "preferredUsername", "inbox", "publicKey"),
        }
        assert "outbox" in (await spy.fetch(ana.uri)).json


async def test_who_wrote_for_the_world_may_be_looked_up(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await hq.person("ana"), await known(lab, "ben")
    await ana.say("hello world")
    assert (await ben.find(ana.acct))["uri"] == ana.uri


@pytest.mark.interop("Update{Person}", "out", "the new name, bio and fields", peer="our nodes")
async def test_a_changed_profile_is_seen_by_followers(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    account = await befriend(ben, ana)
    profile = FormData(default_to_multipart=True)
    words = {"display_name": "Ana Ruiz", "note": "Lifts safely", "bot": "true"}
    for name, value in (words | {"avatar_description": "A lifted box"}).items():
        profile.add_field(name, value)
    profile.add_field("avatar", picture(), filename="a.jpg", content_type="image/jpeg")
    answer = await ana.ask("PATCH", "/api/v1/accounts/update_credentials", data=profile)
    assert answer.status == 200

    async def seen() -> bool:
        now = await ben.get(f"/api/v1/accounts/{account['id']}")
        return str(now["display_name"]) == "Ana Ruiz"

    await until(seen)
    now = await ben.get(f"/api/v1/accounts/{account['id']}")
    assert "Lifts safely" in now["note"]
    assert (now["bot"], now["avatar_description"]) == (True, "A lifted box")
