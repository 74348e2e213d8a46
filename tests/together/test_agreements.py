"""Agreements between running nodes, made and ended by their admins on the command line."""

import asyncio

import pytest
from click.testing import Result
from sqlalchemy import bindparam, select, update

from domain.ids import HERE
from domain.kinds import Role
from social import agreed
from storage.queries import actors, agreements, follows, origins
from storage.tables.origins import agreements as agreements_table
from storage.tables.origins import offers as offers_table
from storage.tables.posts import posts
from storage.tx import Tx
from tests.inbox.nodes import as_node
from tests.support.commands import operate
from tests.support.factories import add_community
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.together.spies import a_spy
from tests.together.stories import asked, cannot_find, known, settled


async def command(node: RunningNode, *words: str, answer: str | None = None) -> Result:
    """Run `tertulia partner …` beside the node that serves."""
    return await operate(node, "partner", *words, answer=answer)


async def offered(node: RunningNode, other: RunningNode, *words: str) -> str:
    """The code of an offer to another node."""
    result = await command(node, "propose", other.host, *words)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.partition("code: ")[2].split()[0]


async def listed(node: RunningNode) -> str:
    return (await command(node, "list")).stdout


async def shows(node: RunningNode, words: str) -> None:
    """Wait until `partner list` says so."""

    async def there() -> bool:
        return words in await listed(node)

    await until(there)


async def agree(one: RunningNode, other: RunningNode, *words: str) -> None:
    """Both keys turned."""
    code = await offered(one, other, *words)
    result = await command(other, "accept", one.host, code, "--yes")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    await shows(one, f"{words[1]}  {other.host}  since")


async def friends(one: RunningNode, other: RunningNode) -> None:
    """Wait until the Application actors of sisters follow each other."""

    async def so() -> bool:
        return all([await node.db.read(_is_friend, peer.origin) for node, peer in pairs])

    pairs = ((one, other), (other, one))
    await until(so)


def _is_friend(tx: Tx, origin: str) -> bool:
    ours = actors.application_of(tx, HERE).id
    theirs = actors.application_of(tx, origins.origin_id(tx, origin)).id
    return follows.is_following(tx, ours, theirs) and follows.is_following(tx, theirs, ours)


async def answered(person: Person, status_id: str, words: str) -> None:
    """Wait until an answer with these words stands under a status."""

    async def there() -> bool:
        found = await person.get(f"/api/v1/statuses/{status_id}/context")
        return any(words in status["content"] for status in found["descendants"])

    await until(there)


async def shown(person: Person, words: str) -> bool:
    """Whether a person finds these words among everything that is public to her."""
    found = await person.get("/api/v1/timelines/public")
    return any(words in status["content"] for status in found)


async def apart(one: RunningNode, other: RunningNode) -> None:
    """Wait until neither node's Application actor follows the other's."""

    async def so() -> bool:
        return not any([await node.db.read(_knows_friend, peer.origin) for node, peer in pairs])

    pairs = ((one, other), (other, one))
    await until(so)


def _knows_friend(tx: Tx, origin: str) -> bool:
    ours = actors.application_of(tx, HERE).id
    theirs = actors.application_of(tx, origins.origin_id(tx, origin)).id
    return any(follows.find(tx, *pair) for pair in ((ours, theirs), (theirs, ours)))


async def two(nodes: Nodes) -> tuple[RunningNode, RunningNode]:
    """Two nodes that never heard of each other."""
    more = {"federation": "partners", "public_means": "network"}
    return await nodes.start("hq", **more), await nodes.start("lab", **more)


async def three(nodes: Nodes) -> tuple[RunningNode, RunningNode, RunningNode]:
    """A node, its sister to be, and a server that is merely allowed."""
    more = {"federation": "partners", "public_means": "network"}
    hq, lab, uni = [await nodes.start(name, **more) for name in ("hq", "lab", "uni")]
    for one, other in ((hq, uni), (uni, hq)):
        assert (await command(one, "allow", other.host)).exit_code == 0
    return hq, lab, uni


@pytest.mark.interop("Offer", "out", "terms, with a seal of the code", peer="our nodes")
@pytest.mark.interop("Accept{Offer}", "out", "both have signed", peer="our nodes")
@pytest.mark.both
async def test_sisters_by_two_keys_share_their_networks_and_nobody_else_does(nodes: Nodes) -> None:
    hq, lab, uni = await three(nodes)
    ana, ben, eve = await known(hq, "ana"), await known(lab, "ben"), await known(uni, "eve")
    await ana.say("before the agreement")
    code = await offered(hq, lab, "--kind", "sister", "--until", "2099-12-31")
    agreed = await command(lab, "accept", hq.host, code, answer="y\n")
    assert agreed.exit_code == 0, agreed.output
    for point in ("kind: sister", "communities: any", "directory: all", "until 2099-12-31"):
        assert point in agreed.stdout
    await shows(hq, f"sister  {lab.host}  since")
    await shows(lab, f"sister  {hq.host}  since")
    assert "until 2099-12-31" in await listed(hq)
    assert uni.host not in await listed(lab)
    await friends(hq, lab)
    made = await ana.say("to the network")
    await ben.sees("to the network", "/api/v1/timelines/public")
    found = await ben.find_post(made["uri"])
    assert found["visibility"] == "public"
    answer = await ben.say("from the sister", in_reply_to_id=found["id"])
    await answered(ana, made["id"], "from the sister")
    await ben.say("their own network")
    await ana.sees("their own network", "/api/v1/timelines/public")
    await settled(hq, lab, uni)
    for uri in (made["uri"], answer["uri"]):
        assert await cannot_find(eve, uri), "a server that is merely allowed gets nothing of it"
    assert await eve.get("/api/v1/timelines/public") == []
    assert not await shown(ben, "before the agreement"), "a new sister reads on from now"


async def test_a_partner_shares_no_network(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    group = await hq.db.write(lambda tx: add_community(tx, "safe", base=hq.origin))
    words = ("--kind", "partner", "--community", "@safe", "--directory", "none")
    await agree(hq, lab, *words, "--contact", "ana@hq.example")
    for node, named in ((hq, "@safe"), (lab, str(group))):
        line = (await listed(node)).splitlines()[-1]
        for point in (
            f"communities: {named}" if node is hq else named,
            "directory: none",
            "contact: ana@hq.example",
        ):
            assert point in line
        assert "no end" in line
    account = await ben.find(ana.acct)
    await ben.post(f"/api/v1/accounts/{account['id']}/follow")
    who = await asked(ana, ben.uri)
    await ana.post(f"/api/v1/follow_requests/{who['id']}/authorize")
    await settled(hq, lab)
    made = await ana.say("for colleagues")
    await ana.say("for followers", visibility="private")
    await ben.sees("for followers")
    assert await cannot_find(ben, made["uri"])
    await apart(hq, lab)


async def test_O_a_wrong_code_no_offer_and_a_second_thought(nodes: Nodes) -> None:
    hq, lab, uni = await three(nodes)
    early = await command(lab, "accept", hq.host, "0000-0000-0000-0000-0000", "--yes")
    assert (early.exit_code, "has none for this node" in early.stderr) == (1, True)
    await asyncio.sleep(2.1)  # that lab was not named is forgotten
    code = await offered(hq, lab, "--kind", "sister")
    before = {node: await listed(node) for node in (hq, lab, uni)}
    assert f"offered  {lab.host}" in before[hq]
    wrong = await command(lab, "accept", hq.host, code[:-1] + "!", "--yes")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: The code does not fit the offer.")
    other = await command(uni, "accept", hq.host, code, "--yes")
    assert (other.exit_code, "has none for this node" in other.stderr) == (1, True)
    doubt = await command(lab, "accept", hq.host, code, answer="n\n")
    assert doubt.exit_code == 1
    assert "kind: sister" in doubt.stdout
    await settled(hq, lab, uni)
    assert {node: await listed(node) for node in (hq, lab, uni)} == before
    assert "Traceback" not in early.output + wrong.output + other.output + doubt.output
    await agree(hq, lab, "--kind", "sister")
    used = await command(lab, "accept", hq.host, code, "--yes")
    assert used.exit_code == 1


_LAPSE = update(offers_table).values(lapses_at=bindparam("at"))


async def test_a_lapsed_or_withdrawn_offer_is_shown_to_nobody(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    code = await offered(hq, lab, "--kind", "sister")
    await hq.db.write(lambda tx: tx.change(_LAPSE, at=tx.now))
    late = await command(lab, "accept", hq.host, code, "--yes")
    assert (late.exit_code, "has none for this node" in late.stderr) == (1, True)
    assert lab.host not in await listed(hq)
    code = await offered(hq, lab, "--kind", "sister")
    taken_back = await command(hq, "end", lab.host)
    assert "was taken back" in taken_back.stdout
    assert (await command(lab, "accept", hq.host, code, "--yes")).exit_code == 1
    again = await command(hq, "end", lab.host)
    assert (again.exit_code, "There is no agreement with" in again.stderr) == (1, True)


@pytest.mark.interop("offers", "out", "for the node that is asked, nobody else", peer="a stranger")
async def test_offers_are_shown_to_the_node_that_was_named_alone(nodes: Nodes) -> None:
    hq = await nodes.start("hq", federation="partners")
    ours = await hq.db.read(actors.application_of, HERE)
    place, nowhere = f"{ours.uri}/offers", f"{hq.origin}/a/5/offers"
    async with a_spy() as spy, a_spy("named") as named:
        unknown = await spy.fetch(place)
        assert unknown.status == 403
        assert unknown.body == (await spy.fetch(f"{hq.origin}/a/5")).body
        assert spy.server.seen == []
        result = await command(hq, "propose", named.server.authority, "--kind", "sister")
        assert result.exit_code == 0
        await asyncio.sleep(2.1)  # what was decided about it is forgotten
        assert (await spy.fetch(place)).body == unknown.body
        assert (await named.fetch(place, signed=False)).status == 404
        assert (await named.fetch(place)).status == 404, "a person there"
        assert (await named.fetch(nowhere)).status == 404
        named.eve = as_node(named.server)
        shown = await named.fetch(place)
        assert shown.status == 200
        assert [one["type"] for one in shown.json["items"]] == ["Offer"]
        assert (await named.fetch(nowhere)).status == 404
        assert (await named.fetch(f"{hq.origin}/a/5")).body == unknown.body, "of this alone"


@pytest.mark.interop("Undo{Offer}", "out", "the agreement ends; both forget", peer="our nodes")
@pytest.mark.interop("Accept{Undo}", "out", "once all is forgotten", peer="our nodes")
@pytest.mark.both
async def test_an_end_by_command_is_heard_obeyed_and_acknowledged(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await agree(hq, lab, "--kind", "sister")
    await friends(hq, lab)
    made = await ana.say("among sisters")
    await ben.sees("among sisters", "/api/v1/timelines/public")
    theirs = await ben.say("their own")
    await ana.sees("their own", "/api/v1/timelines/public")
    boss = await lab.person("boss", role=Role.ADMIN)
    assert (await command(hq, "end", lab.host)).exit_code == 0
    assert not await shown(ana, "their own"), "at once"
    await shows(hq, "they forgot what they got on")
    await shows(lab, f"ended  {hq.host}  on")
    await apart(hq, lab)
    assert not await shown(ben, "among sisters")
    notice = (await boss.notifications())[0]["status"]
    assert f"{hq.host} has ended the agreement" in notice["content"]
    assert await ben.notifications() == [], "admins alone"
    await settled(hq, lab)
    for node, uri in ((lab, made["uri"]), (hq, theirs["uri"])):
        assert await node.db.read(words_of, uri) == ""
    await ana.say("after the end")
    await settled(hq, lab)
    assert not await shown(ben, "after the end")
    assert (await command(hq, "end", lab.host)).exit_code == 1
    await agree(lab, hq, "--kind", "sister")
    await friends(hq, lab)
    await ana.say("once more")
    await ben.sees("once more", "/api/v1/timelines/public")
    assert not await shown(ben, "after the end")
    assert not await shown(ben, "among sisters")


_WORDS = select(posts.c.content).where(posts.c.uri == bindparam("uri"))


def words_of(tx: Tx, uri: str) -> str | None:
    """What a node has of a post, in any state."""
    return tx.scalar(_WORDS, uri=uri)


_SET_END = update(agreements_table).values(until=bindparam("at"))


async def test_an_end_by_date_holds_from_that_moment_on_both_sides(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await agree(hq, lab, "--kind", "sister", "--until", "2099-12-31")
    await friends(hq, lab)
    await ana.say("before the date")
    await ben.sees("before the date", "/api/v1/timelines/public")
    for node in (hq, lab):
        await node.db.write(lambda tx: tx.change(_SET_END, at=tx.now))
    assert not await shown(ben, "before the date"), "nobody had to do anything"
    assert f"ended  {hq.host}" in await listed(lab)
    await ana.say("after the date")
    await settled(hq, lab)
    assert not await shown(ben, "after the date")
    for node in (hq, lab):
        await node.db.write(agreed.end_overdue, node=node.node)
    for node in (hq, lab):
        await shows(node, "they forgot what they got on")
    await apart(hq, lab)
    await settled(hq, lab)
    assert await lab.db.read(agreements.everything) != []
    past = await command(hq, "propose", lab.host, "--kind", "sister", "--until", "2001-01-01")
    assert (past.exit_code, "must lie ahead" in past.stderr) == (1, True)


async def test_other_terms_narrow_at_once_and_widen_by_two_keys(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await agree(hq, lab, "--kind", "sister")
    await friends(hq, lab)
    code = await offered(hq, lab, "--kind", "partner")
    assert f"partner  {lab.host}" in await listed(hq)
    await shows(lab, f"partner  {hq.host}")
    assert f"they ask  {hq.host}" in await listed(lab)
    await apart(hq, lab)
    await ana.say("between the two")
    await settled(hq, lab)
    assert not await shown(ben, "between the two")
    assert (await command(lab, "accept", hq.host, code, "--yes")).exit_code == 0
    await settled(hq, lab)
    assert "they ask" not in await listed(lab)
    code = await offered(lab, hq, "--kind", "sister")
    assert f"partner  {hq.host}" in await listed(lab)
    await settled(hq, lab)
    assert f"partner  {lab.host}" in await listed(hq), "wider takes both"
    assert (await command(hq, "accept", lab.host, code, "--yes")).exit_code == 0
    await friends(hq, lab)
    await ana.say("sisters again")
    await ben.sees("sisters again", "/api/v1/timelines/public")
    assert not await shown(ben, "between the two")


async def test_G57_a_block_is_stronger_than_an_agreement(nodes: Nodes) -> None:
    hq, lab = await two(nodes)
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await agree(hq, lab, "--kind", "sister")
    await friends(hq, lab)
    assert (await command(hq, "block", lab.host)).exit_code == 0
    await asyncio.sleep(2.1)  # what was decided about it is forgotten
    await ana.say("behind the door")
    await ben.say("before the door")
    await settled(hq)
    assert not await shown(ben, "behind the door")
    assert not await shown(ana, "before the door")
    for words in (("propose", lab.host, "--kind", "sister"), ("accept", lab.host, "0", "--yes")):
        refused = await command(hq, *words)
        assert (refused.exit_code, "is blocked" in refused.stderr) == (1, True)
