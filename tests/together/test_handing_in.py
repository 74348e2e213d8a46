"""What somebody says in a community on another node: handed in, taken in, announced, or refused."""

import pytest

from domain.kinds import Acceptance
from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from social import gathering
from social.keys import rotate_keys
from storage.queries import actors
from tests.support.nodes import Nodes, until
from tests.together.shared_club import Club, contacts
from tests.together.spies import a_spy
from tests.together.stories import known, settled

FORGED = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "proofPurpose": "assertionMethod",
    "created": "2026-11-22T09:00:00Z",
    "proofValue": "z" + "3" * 87,
}


@pytest.mark.interop(
    "Create{Note} with audience",
    "out",
    "handed in to the community, announced unchanged, with its proof",
    peer="our nodes",
)
@pytest.mark.both
async def test_a_post_is_handed_in_taken_in_and_announced_back(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    made = await club.cy.say(f"@club@{club.hq.host} hello from lab", visibility="private")
    first = await club.row(club.lab, made["uri"])
    assert first is not None
    assert first.acceptance in {Acceptance.WAITING, Acceptance.ACCEPTED}
    await club.accepted(made["uri"])
    host = await club.row(club.hq, made["uri"])
    assert host is not None
    assert (host.place_id, host.owner_id, host.is_accepted) == (club.id, club.id, True)
    [announce] = await club.sent(club.hq, "Announce")
    [create] = await club.sent(club.lab, "Create")
    assert announce["object"] == create
    assert create["proof"]["type"] == "DataIntegrityProof"
    assert create["to"] == [club.uri, f"{club.uri}/followers"]
    assert create["audience"] == create["object"]["audience"] == club.uri


@pytest.mark.both
async def test_edits_likes_and_deletions_go_the_same_way(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    said = await club.ana.say("@club welcome", visibility="private")
    await settled(club.hq, club.lab)
    there = await club.row(club.lab, said["uri"])
    assert there is not None, "the announced post arrived"
    assert there.place_id == club.there
    await club.cy.post(f"/api/v1/statuses/{there.id}/favourite")
    await settled(club.hq, club.lab)
    host = await club.row(club.hq, said["uri"])
    assert host is not None
    assert host.likes_count == 1
    await club.cy.post(f"/api/v1/statuses/{there.id}/unfavourite")
    made = await club.cy.say("and hello", in_reply_to_id=str(there.id), visibility="private")
    await club.accepted(made["uri"])
    await club.cy.put(f"/api/v1/statuses/{made['id']}", status="and good morning")
    await settled(club.hq, club.lab)
    host = await club.row(club.hq, said["uri"])
    reply = await club.row(club.hq, made["uri"])
    assert host is not None
    assert reply is not None
    assert (host.likes_count, host.replies_count) == (0, 1)
    assert "good morning" in reply.content
    await club.cy.delete(f"/api/v1/statuses/{made['id']}")
    await settled(club.hq, club.lab)
    reply = await club.row(club.hq, made["uri"])
    assert reply is not None
    assert reply.deleted_at is not None
    kinds = [one["object"]["type"] for one in await club.sent(club.hq, "Announce")]
    assert kinds == ["Create", "Like", "Undo", "Create", "Update", "Delete"]


@pytest.mark.interop(
    "Reject{Create}", "out", "handed in without a proof; the author is told", peer="our nodes"
)
@pytest.mark.both
async def test_T5_without_a_proof_a_post_is_refused_and_its_author_told(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    await club.cy.say(f"@club@{club.hq.host} first", visibility="private")
    await settled(club.hq, club.lab)
    waiting = await club.lab.db.write(club.unproven)
    await settled(club.hq, club.lab)
    refused = await club.row(club.lab, waiting)
    assert refused is not None
    assert refused.acceptance is Acceptance.REFUSED
    assert await club.row(club.hq, waiting) is None
    [reject] = await club.sent(club.hq, "Reject")
    assert "signature" in reject["summary"]
    await club.lab.db.write(
        gathering.send_again, node=club.lab.node, author_id=club.cy.id, post_id=refused.id
    )
    await club.accepted(waiting)
    assert await club.row(club.hq, waiting) is not None


@pytest.mark.both
async def test_T5_a_forged_proof_has_no_effect(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    waiting = await club.lab.db.write(club.unproven, proof=FORGED)
    await settled(club.hq, club.lab)
    assert await club.row(club.hq, waiting) is None
    mine = await club.row(club.lab, waiting)
    assert mine is not None
    assert mine.acceptance is Acceptance.REFUSED, "its author is told, and can send it again"
    assert await club.sent(club.hq, "Announce") == []


async def test_a_like_that_the_community_refuses_counts_at_its_author_no_more(
    nodes: Nodes,
) -> None:
    club = await Club.made(nodes)
    status = await club.ana.say("@club hello", visibility="private")
    await settled(club.hq, club.lab)
    there = await club.row(club.lab, status["uri"])
    assert there is not None
    cy = await club.hq.db.read(actors.by_uri, club.cy.uri)
    assert cy is not None
    await club.hq.db.write(club.removed, cy.id)  # and cy's node was not told
    liked = await club.cy.post(f"/api/v1/statuses/{there.id}/favourite")
    assert liked["favourites_count"] == 1

    async def is_settled() -> bool:
        await settled(club.hq, club.lab)
        row = await club.row(club.lab, status["uri"])
        return row is not None and row.likes_count == 0

    await until(is_settled)


@pytest.mark.both
async def test_T3_its_collections_are_for_members_nodes_alone(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    eve = await known(club.lab, "eve")
    said = await club.ana.say("@club welcome", visibility="private")
    made = await club.cy.say(f"@club@{club.hq.host} thanks", visibility="private")
    await settled(club.hq, club.lab)
    fetch = club.lab.parts.fetcher.document
    page = await fetch(f"{club.uri}/outbox?page=true", as_actor_id=club.cy.id)
    items = page.body["orderedItems"]
    assert [one["object"]["object"]["id"] for one in items] == [made["uri"], said["uri"]]
    assert [one["tertulia:cards"][0]["tertulia:of"] for one in items] == [club.cy.uri, club.ana.uri]
    assert all("proof" in one["object"] for one in items)
    older = await fetch(
        f"{club.uri}/outbox?page=true&max_id={items[0]['id'].rpartition('/')[2]}",
        as_actor_id=club.cy.id,
    )
    assert [one["id"] for one in older.body["orderedItems"]] == [items[1]["id"]]
    there = await fetch(f"{club.uri}/followers_sync", as_actor_id=club.cy.id)
    assert there.body["orderedItems"] == [club.cy.uri]
    for name in ("outbox", "outbox?page=true&x=1", "followers_sync?x=1"):
        with pytest.raises(CannotFetch) as problem:
            await fetch(f"{club.uri}/{name}", as_actor_id=eve.id)
        assert problem.value.gone
        with pytest.raises(CannotFetch):
            await fetch(f"{club.uri}/{name}&app=1")
        accept = {"Accept": "application/activity+json"}
        answer = await club.hq.ask("GET", f"{club.uri}/{name}", headers=accept)
        assert answer.status == 404


@pytest.mark.both
async def test_G57_a_post_written_after_the_removal_never_arrives(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    cy = await find_actor(club.hq.parts.fetcher, club.cy.uri)
    await club.hq.db.write(club.removed, cy.id)
    made = await club.cy.say(f"@club@{club.hq.host} still here", visibility="private")
    said = await club.ana.say("@club among us", visibility="private")
    await settled(club.hq, club.lab)
    mine = await club.row(club.lab, made["uri"])
    assert mine is not None
    assert mine.acceptance is Acceptance.REFUSED
    assert await club.row(club.lab, said["uri"]) is None
    assert await club.row(club.hq, made["uri"]) is None


@pytest.mark.both
async def test_new_keys_are_on_the_card_before_the_first_words(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    await club.ana.say("@club before", visibility="private")
    await settled(club.hq, club.lab)
    for node, person in ((club.hq, club.ana), (club.lab, club.cy)):
        new = await node.parts.keyring.generate()
        await node.db.write(rotate_keys, node=node.node, actor_id=person.id, new=new)
    said = await club.ana.say("@club after", visibility="private")
    made = await club.cy.say(f"@club@{club.hq.host} after", visibility="private")
    await settled(club.hq, club.lab)
    await club.accepted(made["uri"])
    assert await club.row(club.lab, said["uri"]) is not None


@pytest.mark.both
async def test_nodes_that_share_only_a_community_never_contact_each_other(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    far = await nodes.start("far")
    fay = await known(far, "fay")
    await club.joins(far, fay)
    made = await club.cy.say(f"@club@{club.hq.host} from lab to far", visibility="private")
    await settled(club.hq, club.lab, far)
    there = await club.row(far, made["uri"])
    assert there is not None
    liked = await fay.post(f"/api/v1/statuses/{there.id}/favourite")
    assert liked["account"]["acct"] == f"cy@{club.lab.host}"
    await settled(club.hq, club.lab, far)
    mine = await club.row(club.lab, made["uri"])
    assert mine is not None
    assert mine.likes_count == 1
    for node, other in ((club.lab, far), (far, club.lab)):
        assert other.origin not in await contacts(node)
        assert club.hq.origin in await contacts(node)


@pytest.mark.both
async def test_T2_followers_and_people_named_outside_hear_nothing(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    async with a_spy() as spy:
        await spy.follow(club.ana)
        await spy.follow(club.cy)
        here = await club.ana.say(f"@club {spy.acct} word-of-ana", visibility="private")
        there = await club.cy.say(
            f"@club@{club.hq.host} {spy.acct} word-of-cy", visibility="private"
        )
        await settled(club.hq, club.lab)
        reply = await club.row(club.lab, here["uri"])
        assert reply is not None
        answer = await club.cy.say("answer-of-cy", in_reply_to_id=str(reply.id))
        await club.cy.put(f"/api/v1/statuses/{there['id']}", status="changed-by-cy")
        await club.ana.put(f"/api/v1/statuses/{here['id']}", status="changed-by-ana")
        await club.cy.post(f"/api/v1/statuses/{reply.id}/favourite")
        await settled(club.hq, club.lab)
        await club.ana.delete(f"/api/v1/statuses/{here['id']}")
        await settled(club.hq, club.lab)
        for words in ("word-of", "answer-of", "changed-by", here["uri"], there["uri"], club.uri):
            assert not spy.heard(words)
        for uri in (here["uri"], there["uri"], answer["uri"], f"{club.uri}/outbox", club.uri):
            assert (await spy.fetch(uri)).status == 404
        [said] = await club.sent(club.lab, "Like")
        for uri in (said["id"], (await club.sent(club.hq, "Announce"))[0]["id"]):
            assert (await spy.fetch(uri)).status == 404
        public = await club.ana.say("for everybody")
        await settled(club.hq)
        assert spy.heard(public["uri"]), "the spy hears what is meant for all"


@pytest.mark.both
async def test_an_answer_to_ones_own_waiting_post_comes_after_it(nodes: Nodes) -> None:
    club = await Club.made(nodes)
    said = await club.cy.say(f"@club@{club.hq.host} one", visibility="private")
    above = said
    for word in ("two", "three", "four"):
        above = await club.cy.say(word, in_reply_to_id=above["id"], visibility="private")
    await club.accepted(above["uri"])
    last = await club.row(club.hq, above["uri"])
    first = await club.row(club.hq, said["uri"])
    assert last is not None
    assert first is not None
    assert (last.root_id, first.replies_count) == (first.id, 1)
    await settled(club.hq, club.lab)
    announced = [one["object"]["object"]["id"] for one in await club.sent(club.hq, "Announce")]
    assert (announced[0], announced[-1]) == (said["uri"], above["uri"])
    assert len(announced) == 4
    assert await club.sent(club.hq, "Reject") == []
