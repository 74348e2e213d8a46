"""Somebody leaves for good, is suspended, or changes: what other nodes and servers see of it."""

import orjson
import pytest
from msgspec.structs import replace

from domain.kinds import Limit
from social import departures, limiting
from storage.queries import communities
from storage.tx import Tx
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.support.stranger import Page
from tests.together.communities import become_partners, found, note_for
from tests.together.spies import Spy, a_spy
from tests.together.stories import befriend, is_gone, known, settled, shows, standing


async def leaves(person: Person) -> None:
    node = person.node
    await node.db.write(departures.leave_for_good, node=node.node, account_id=person.id)


async def limit(person: Person, to: Limit) -> None:
    node = person.node
    await node.db.write(limiting.limit, node=node.node, actor_id=person.id, to=to)


@pytest.mark.both
@pytest.mark.interop("Delete{Person}", "out", "words, follows and likes go there", peer="our nodes")
async def test_P13_who_leaves_is_gone_on_the_other_node(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    her = await befriend(ben, ana)
    await befriend(ana, ben)
    await ana.say("what ana says")
    post = await ben.sees("what ana says")
    mine = await ben.say("what ben says")
    there = await ana.sees("what ben says")
    await ana.post(f"/api/v1/statuses/{there['id']}/favourite")
    await shows(ben, mine["id"], favourites_count=1)
    await leaves(ana)
    await is_gone(ben, post["id"])
    await shows(ben, mine["id"], favourites_count=0)
    assert await ben.get(f"/api/v1/accounts/{ben.id}/followers") == []
    assert await ben.get(f"/api/v1/accounts/{ben.id}/following") == []
    assert (await ben.ask("GET", f"/api/v1/accounts/{her['id']}")).status == 404
    assert (await hq.ask("GET", f"/a/{ana.id}", headers=AS2)).status == 410
    assert (await ana.ask("GET", "/api/v1/timelines/home")).status == 401


AS2 = {"Accept": "application/activity+json"}


@pytest.mark.interop(
    "Delete{Person}", "out", "to who knows them, and nobody else", peer="a stranger"
)
async def test_who_leaves_tells_who_knows_them_and_nobody_else(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    async with a_spy("spy") as spy, a_spy("other") as other:
        await spy.follow(ana)
        await bo.find(other.acct)
        await leaves(ana)
        await settled(hq)
        assert spy.got("Delete") == [ana.uri]
        sent = [orjson.loads(one.body) for one in spy.server.seen if b'"Delete"' in one.body]
        assert sent[0]["actor"] == sent[0]["object"] == ana.uri
        assert other.got("Delete") == []
        assert not other.heard(ana.uri)


async def test_what_is_still_to_be_sent_goes_out_signed(nodes: Nodes) -> None:
    """The Delete is signed by who is gone: the key stays until nothing waits any more."""
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await spy.follow(ana)
        spy.server.pages["/inbox"] = Page(status=503)
        spy.server.pages["/users/eve/inbox"] = Page(status=503)
        await leaves(ana)

        async def asked() -> bool:
            return bool(spy.got("Delete"))

        await until(asked)
        delivered = next(one for one in spy.server.seen if b'"Delete"' in one.body)
        assert f"{ana.uri}#main-key" in delivered.headers["signature"]


@pytest.mark.both
@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "taken back"])
async def test_words_in_a_community_are_the_communitys(nodes: Nodes, keeps: bool) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo = await hq.person("ana"), await hq.person("bo")
    cy = await far.person("cy")
    for person in (bo, cy):
        await person.home()
    community = await found(hq, ana, bo)
    await hq.db.write(_keep_words, community.id, keeps)
    await cy.follow(community.acct)
    await note_for(ana, "asks to join")
    await ana.say(f"@tertulia approve @cy@{far.host}", visibility="direct")
    await community.takes_in(cy.uri, far)
    await bo.say("@safe-lifting bend as I say", visibility="private")
    shown = await cy.sees("bend as I say")
    post = (shown["reblog"] or shown)["id"]
    await leaves(bo)
    await settled(hq, far)
    if not keeps:
        await is_gone(cy, post)
        return
    assert (await cy.ask("GET", f"/api/v1/statuses/{post}")).status == 200
    here = await ana.get(f"/api/v1/timelines/list/g{community.id}")
    assert here[0]["reblog"]["account"]["display_name"] == "Former member"


@pytest.mark.both
async def test_a_member_elsewhere_takes_their_words_along(nodes: Nodes) -> None:
    hq, far = await nodes.start("hq"), await nodes.start("far")
    await become_partners(hq, far)
    ana, bo = await hq.person("ana"), await hq.person("bo")
    cy, dee = await far.person("cy"), await far.person("dee")
    for person in (ana, cy, dee):
        await person.home()
    community = await found(hq, ana, bo)
    await hq.db.write(_keep_words, community.id, False)
    for person in (cy, dee):
        await person.follow(community.acct)
        await note_for(ana, f"{person.handle}@{far.host}")
        await ana.say(f"@tertulia approve @{person.handle}@{far.host}", visibility="direct")
        await community.takes_in(person.uri, far)
    await cy.say(f"@safe-lifting@{hq.host} from far away", visibility="private")
    seen = {one: await one.sees("from far away") for one in (ana, dee)}
    await leaves(cy)
    for reader, shown in seen.items():
        await is_gone(reader, (shown["reblog"] or shown)["id"])
    await community.loses(cy.uri, far)


def _keep_words(tx: Tx, community_id: int, keeps: bool) -> None:
    row = communities.by_id(tx, community_id)
    assert row is not None
    communities.update_community(tx, replace(row, keeps_words=keeps))


@pytest.mark.interop(
    "Update{Person}", "out", "`suspended` hides them there, and shows them again", peer="our nodes"
)
async def test_who_is_suspended_here_is_hidden_on_the_other_node(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    her = await befriend(ben, ana)
    await ana.say("what ana says")
    post = await ben.sees("what ana says")
    await limit(ana, Limit.SUSPENDED)
    await is_gone(ben, post["id"])
    assert (await ben.ask("GET", f"/api/v1/accounts/{her['id']}")).status == 404
    assert await ben.home() == []
    await limit(ana, Limit.NONE)
    await ben.sees("what ana says")
    assert (await standing(ben, her["id"]))["following"] is True


@pytest.mark.interop(
    "Update{Person}", "in", "`suspended` hides them, until it is taken back", peer="a stranger"
)
async def test_who_is_suspended_elsewhere_is_hidden_here(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await _follows(ana, spy)
        server, eve = spy.server, spy.eve
        note = server.note(eve, content="<p>what eve says</p>")
        await server.deliver(eve, f"{hq.origin}/inbox", server.activity(eve, "Create", note))
        post = await ana.sees("what eve says")
        eve.document["suspended"] = True
        update = server.activity(eve, "Update", eve.document)
        await server.deliver(eve, f"{hq.origin}/inbox", update)
        await is_gone(ana, post["id"])
        eve.document["suspended"] = False
        update = server.activity(eve, "Update", eve.document)
        await server.deliver(eve, f"{hq.origin}/inbox", update)
        await ana.sees("what eve says")


async def _follows(person: Person, spy: Spy) -> None:
    account = await person.find(spy.acct)
    await person.post(f"/api/v1/accounts/{account['id']}/follow")
    await settled(person.node)
    follow = next(orjson.loads(one.body) for one in spy.server.seen if b'"Follow"' in one.body)
    accept = spy.server.activity(spy.eve, "Accept", follow)
    await spy.server.deliver(spy.eve, f"{person.node.origin}/inbox", accept)
    await settled(person.node)


async def test_who_is_suspended_by_a_moderator_is_not_heard(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await _follows(ana, spy)
        eve = await ana.find(spy.acct)
        await hq.db.write(limiting.limit, node=hq.node, actor_id=int(eve["id"]), to=Limit.SUSPENDED)
        server = spy.server
        note = server.note(spy.eve, content="<p>hear me</p>")
        create = server.activity(spy.eve, "Create", note)

        async def refused() -> bool:
            answer = await server.deliver(spy.eve, f"{hq.origin}/inbox", create)
            return answer.status == 403

        await until(refused)

        async def hidden() -> bool:
            return await ana.home() == []

        await until(hidden)  # also what came before every part of the node knew of it


@pytest.mark.interop(
    "Update{Person}", "out", "to followers and to who else knows them", peer="a stranger"
)
async def test_a_new_name_reaches_who_knows_them_and_nobody_else(nodes: Nodes) -> None:
    """Eve was written to, and follows nobody; a third server never heard of ana."""
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy("spy") as spy, a_spy("other") as other:
        await ana.find(spy.acct)
        await ana.find(other.acct)
        await ana.say(f"{spy.acct} hello", visibility="direct")
        await settled(hq)
        await _renamed(hq, ana)
        await settled(hq)
        assert spy.got("Update") == [ana.uri]
        assert spy.heard("Ana Maria")
        assert not other.heard("Ana Maria")


async def _renamed(node: RunningNode, person: Person) -> None:
    answer = await person.ask(
        "PATCH", "/api/v1/accounts/update_credentials", json={"display_name": "Ana Maria"}
    )
    assert answer.status == 200
