"""Joining, inviting and leaving across nodes and servers, as people do it (protocol §4, §5)."""

import orjson
import pytest

from domain.kinds import MembershipState, Preset, Way
from domain.roles import CommunityRole
from storage.queries import origins
from storage.queries.disclosures import disclose
from storage.tx import Tx
from tests.support.nodes import Json, Nodes, until
from tests.support.stranger import Page, Stranger, stranger
from tests.together.communities import become_partners, found, helper_of, note_for
from tests.together.spies import a_spy
from tests.together.stories import following, known, settled, standing


@pytest.mark.both
async def test_somebody_of_a_partner_asks_and_a_steward_answers_the_helper(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo)
    account = await cy.follow(community.acct)
    assert (account["group"], account["locked"]) == (True, True)
    assert "Following = asking to join" in account["note"]
    await note_for(bo, "asks to join")
    assert (await standing(cy, account["id"]))["requested"] is True
    assert not await community.has(cy.uri)
    await bo.say(f"@tertulia approve @cy@{far.host}", visibility="direct")
    await community.takes_in(cy.uri, far)
    await following(cy, account["id"])
    await note_for(bo, "belongs to Safe lifting now")
    await note_for(cy, "You belong to Safe lifting now")
    row = await community.member(cy.uri)
    assert row is not None
    assert (row.way, row.role) == (Way.NODE, CommunityRole.MEMBER)


@pytest.mark.interop("Undo{Follow}", "out", "leaves a community", peer="our nodes")
async def test_somebody_of_a_partner_leaves_in_one_act(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo)
    account = await cy.follow(community.acct)
    await note_for(ana, "asks to join")
    await ana.say(f"@tertulia approve @cy@{far.host}", visibility="direct")
    await community.takes_in(cy.uri, far)
    await cy.post(f"/api/v1/accounts/{account['id']}/unfollow")
    await community.loses(cy.uri, far)
    row = await community.member(cy.uri)
    assert row is not None
    assert row.state is MembershipState.LEFT


async def test_a_refusal_comes_back_with_its_reason(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo)
    account = await cy.follow(community.acct)
    await note_for(ana, "asks to join")
    await ana.say(f"@tertulia refuse @cy@{far.host}: only for riggers", visibility="direct")
    await note_for(cy, "only for riggers")
    assert (await standing(cy, account["id"]))["requested"] is False


@pytest.mark.interop("Invite", "out", "into a community; following accepts it", peer="our nodes")
async def test_an_invitation_names_how_to_accept_and_following_is_joining(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await known(far, "cy")
    community = await found(hq, ana, bo, listed=False)
    await ana.say(f"@tertulia invite {cy.acct}", visibility="direct")
    told = await note_for(cy, "To accept, follow")
    assert "Lift without pain" in told["content"]
    # It is hidden: nobody else there learns of it.
    dan = await far.person("dan")
    lookup = {"q": community.acct, "type": "accounts"}
    assert (await dan.get("/api/v2/search", **lookup))["accounts"] == []
    assert len((await cy.get("/api/v2/search", **lookup))["accounts"]) == 1
    await cy.say(f"@tertulia join {community.acct}", visibility="direct")
    await community.takes_in(cy.uri, far)
    await note_for(cy, "You belong to Safe lifting now")


async def test_a_steward_on_another_node_gives_orders_by_private_mention(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    await become_partners(hq, lab)
    ana, eve, bo = await hq.person("ana"), await hq.person("eve"), await known(lab, "bo")
    dee = await hq.person("dee")
    community = await found(hq, ana, eve)
    await ana.say(f"@tertulia invite {bo.acct} as steward", visibility="direct")
    await note_for(bo, "To accept, follow")
    await bo.follow(community.acct)
    await community.takes_in(bo.uri, lab)
    await dee.post(f"/api/v1/accounts/{community.id}/follow")
    await note_for(bo, "asks to join")
    await bo.say(f"{helper_of(hq)} approve @dee@{hq.host}", visibility="direct")
    await community.takes_in(dee.uri)
    await note_for(bo, "belongs to Safe lifting now")
    said = await bo.say(f"{helper_of(hq)} remove @dee@{hq.host}: moved on", visibility="direct")
    assert [one["username"] for one in said["mentions"]] == ["tertulia"]
    await community.loses(dee.uri)
    await note_for(dee, "moved on")


async def test_whoever_is_no_steward_is_answered_and_nothing_happens(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo)
    await cy.say(f"{helper_of(hq)} remove @bo from safe-lifting", visibility="direct")
    await note_for(cy, "You do not take care of a community called safe-lifting")
    assert await community.has(bo.uri)


async def test_a_node_without_an_agreement_finds_nothing(nodes: Nodes) -> None:
    """G: two nodes that know nothing of each other but that they may talk."""
    hq, far = await nodes.start("hq"), await nodes.start("far")
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo)
    lookup = {"q": community.acct, "resolve": "true", "type": "accounts"}
    assert (await cy.get("/api/v2/search", **lookup))["accounts"] == []
    assert await community.member(cy.uri) is None


@pytest.mark.parametrize("preset", [Preset.MEMBERS, Preset.HERE])
async def test_partners_do_not_find_what_is_for_people_here(nodes: Nodes, preset: Preset) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo, cy = await hq.person("ana"), await hq.person("bo"), await far.person("cy")
    community = await found(hq, ana, bo, preset=preset)
    lookup = {"q": community.acct, "resolve": "true", "type": "accounts"}
    assert (await cy.get("/api/v2/search", **lookup))["accounts"] == []
    open_one = await found(hq, ana, bo, handle="open-one")
    assert (await cy.find(open_one.acct))["group"] is True


async def test_nobody_else_learns_that_a_community_exists(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    community = await found(hq, ana, bo)
    async with a_spy() as spy:
        for url in (community.uri, f"{community.uri}/followers", f"{community.uri}/outbox"):
            assert (await spy.fetch(url)).status == 404
            assert (await spy.fetch(url, signed=False)).status == 404
        name = f"acct:{community.handle}@{hq.host}"
        webfinger = f"{hq.origin}/.well-known/webfinger?resource={name}"
        assert (await spy.fetch(webfinger)).status == 404
        follow = spy.server.activity(spy.eve, "Follow", community.uri)
        assert (await spy.server.deliver(spy.eve, f"{hq.origin}/inbox", follow)).status == 202
        await settled(hq)
        assert await community.member(spy.eve.uri) is None
        assert spy.got("Accept") == spy.got("Reject") == []


@pytest.mark.interop("Group", "out", "closed: whole for who was invited", peer="a stranger")
async def test_an_invited_server_sees_it_whole_others_a_key_alone(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    community = await found(hq, ana, bo, listed=False)
    async with a_spy("social") as guest, a_spy("evil") as spy:
        _nodeinfo(guest.server, "mastodon")
        assert (await guest.fetch(community.uri)).status == 404
        await ana.say(f"@tertulia invite {guest.acct}", visibility="direct")
        await _note_at(guest.server, "To accept, follow")
        whole = (await guest.fetch(community.uri)).json
        assert (whole["type"], whole["manuallyApprovesFollowers"]) == ("Group", True)
        assert "Following = asking to join" in whole["summary"]
        assert whole["tertulia:preset"] == "partners"
        stub = {"@context", "id", "type", "preferredUsername", "inbox", "publicKey"}
        assert set((await spy.fetch(community.uri)).json) == stub
        assert set((await spy.fetch(community.uri, signed=False)).json) == stub
        name = f"acct:{community.handle}@{hq.host}"  # Mastodon asks without a signature
        webfinger = f"{hq.origin}/.well-known/webfinger?resource={name}"
        assert (await guest.fetch(webfinger, signed=False)).json["aliases"][0] == community.uri


async def test_a_member_founds_a_community_by_private_mentions_alone(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    words = "@tertulia create reading Reading round: to read together"
    await ana.say(words, visibility="direct")
    await note_for(ana, "@reading is there")
    await ana.say("@tertulia invite @bo to reading as steward", visibility="direct")
    await note_for(bo, "To accept, follow")
    await ana.say("@tertulia launch reading", visibility="direct")
    await note_for(ana, "needs two stewards")
    await bo.say("@tertulia join reading", visibility="direct")
    await bo.say("@tertulia launch", visibility="direct")
    await note_for(bo, "Please write it like this: launch")
    await bo.say("@tertulia launch reading", visibility="direct")
    await note_for(bo, "Reading round is launched")
    account = await ana.find("@reading")
    assert "to read together" in account["note"]


async def test_somebody_on_a_plain_server_is_invited_and_comes_in(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    community = await found(hq, ana, bo, listed=False)
    async with stranger("social") as server:
        dee = server.person("dee")
        _nodeinfo(server, "mastodon")
        await ana.say(f"@tertulia invite @dee@{server.authority}", visibility="direct")
        note = await _note_at(server, "To accept, follow")
        assert note["to"] == [dee.uri]
        assert [tag["href"] for tag in note["tag"]] == [dee.uri]
        follow = server.activity(dee, "Follow", community.uri)
        assert (await server.deliver(dee, f"{hq.origin}/inbox", follow)).status == 202
        await community.takes_in(dee.uri)
        await _note_at(server, "You belong to Safe lifting now")
        row = await community.member(dee.uri)
        assert row is not None
        assert row.way is Way.PLAIN
        answer = server.activity(dee, "Undo", follow)
        assert (await server.deliver(dee, f"{hq.origin}/inbox", answer)).status == 202
        await community.loses(dee.uri)
        await _note_at(server, "You have left")


@pytest.mark.interop(
    "Reject{Follow}",
    "out",
    "by a community: to software that would show members' posts to everybody",
    peer="a stranger",
)
async def test_lemmy_is_refused_with_the_reason(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    community = await found(hq, ana, bo)
    async with stranger("lemmy") as server:
        dee = server.person("dee")
        _nodeinfo(server, "Lemmy")
        await hq.db.write(_disclose, community.id, server.origin)
        follow = server.activity(dee, "Follow", community.uri)
        assert (await server.deliver(dee, f"{hq.origin}/inbox", follow)).status == 202
        reject = await _sent_to(server, "Reject")
        assert "your server would show" in reject["summary"]
        assert await community.member(dee.uri) is None


async def test_who_says_goodbye_to_the_helper_is_let_go_by_their_server_too(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await hq.person("ana"), await hq.person("bo")
    community = await found(hq, ana, bo)
    async with stranger("social") as server:
        dee = server.person("dee")
        _nodeinfo(server, "mastodon")
        await ana.say(f"@tertulia invite @dee@{server.authority}", visibility="direct")
        await _note_at(server, "To accept, follow")
        follow = server.activity(dee, "Follow", community.uri)
        await server.deliver(dee, f"{hq.origin}/inbox", follow)
        await community.takes_in(dee.uri)
        helper = await hq.ask(
            "GET", "/.well-known/webfinger", params={"resource": f"acct:tertulia@{hq.host}"}
        )
        uri = helper.json["links"][0]["href"]
        note = server.note(
            dee, to=[uri], cc=[], content="<p><a>@tertulia</a> leave safe-lifting</p>"
        )
        note["tag"] = [{"type": "Mention", "href": uri, "name": f"@tertulia@{hq.host}"}]
        create = server.activity(dee, "Create", note, to=[uri])
        assert (await server.deliver(dee, f"{hq.origin}/inbox", create)).status == 202
        await community.loses(dee.uri)
        await _sent_to(server, "Reject")
        await _note_at(server, "You have left Safe lifting")


# What a stranger's server says and gets.


def _nodeinfo(server: Stranger, software: str) -> None:
    links = [
        {
            "rel": "http://nodeinfo.diaspora.software/ns/schema/2.1",
            "href": server.url("/nodeinfo/2.1"),
        }
    ]
    server.pages["/.well-known/nodeinfo"] = Page({"links": links}, type="application/json")
    info = {"version": "2.1", "software": {"name": software, "version": "1"}}
    server.pages["/nodeinfo/2.1"] = Page(info, type="application/json")


def _disclose(tx: Tx, actor_id: int, origin: str) -> None:
    disclose(tx, [actor_id], [origins.origin_id(tx, origin)])


async def _sent_to(server: Stranger, kind: str, words: str = "") -> Json:
    found: list[Json] = []

    async def there() -> bool:
        bodies = [orjson.loads(one.body) for one in server.seen if one.method == "POST"]
        found[:] = [one for one in bodies if one["type"] == kind and words in str(one)]
        return bool(found)

    await until(there)
    return found[-1]


async def _note_at(server: Stranger, words: str) -> Json:
    """Wait for a private mention with these words, sent to one person's own inbox."""
    note = (await _sent_to(server, "Create", words))["object"]
    assert not any(seen.path == "/inbox" and words.encode() in seen.body for seen in server.seen)
    return note
