"""Polls and Fedify: it asks and counts, it votes; nobody is counted twice or unasked."""

import pytest

from tests.peers.meeting import arrived, they_follow, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person
from tests.together.polling import ask, counted, tell_now, vote
from tests.together.stories import settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDS = "2099-01-01T00:00:00Z"
VOTED_TWICE = [1, 0, 0]


@pytest.mark.interop("Create{Question}", "in", "a poll with its end and figures", peer="Fedify")
@pytest.mark.interop(
    "Create{Note} as a vote", "out", "one for each choice, to the author alone", peer="Fedify"
)
@pytest.mark.interop("Update{Question}", "in", "new figures are no edit", peer="Fedify")
async def test_their_poll_is_voted_in_and_their_figures_are_shown(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    bea = await ana.node.person(f"bea{ana.handle}")
    await we_follow(ana, peer, rue)
    sent = await peer.ask(rue, "Which topic next?", ["Graphs", "Ethics"], end_time=ENDS)
    arrived(sent, peer)
    seen = await ana.sees("Which topic next?")
    poll = seen["poll"]
    assert [one["title"] for one in poll["options"]] == ["Graphs", "Ethics"]
    assert (poll["multiple"], poll["expired"], poll["expires_at"][:10]) == (False, False, ENDS[:10])
    await vote(ana, seen, 1)
    await vote(bea, seen, 1)
    await peer.wait_post(sent["id"], ballots={"Ethics": [ana.uri, bea.uri]})
    arrived(await peer.tally(sent["id"]), peer)
    await counted(ana, seen, 0, 2, voters=2)
    assert (await ana.get(f"/api/v1/statuses/{seen['id']}"))["edited_at"] is None


async def test_several_choices_are_one_vote_each(peer: FedifyPeer, ana: Person, rue: str) -> None:
    await we_follow(ana, peer, rue)
    asked = await peer.ask(rue, "Which days?", ["Mon", "Tue", "Wed"], multiple=True, end_time=ENDS)
    seen = await ana.sees("Which days?")
    assert seen["poll"]["multiple"] is True
    await vote(ana, seen, 0, 2)
    await peer.wait_post(asked["id"], ballots={"Mon": [ana.uri], "Wed": [ana.uri]})
    await peer.tally(asked["id"])
    await counted(ana, seen, 1, 0, 1, voters=1)


@pytest.mark.interop(
    "Create{Question}", "out", "a poll with its end and its figures", peer="Fedify"
)
@pytest.mark.interop("Create{Note} as a vote", "in", "counted once, never a post", peer="Fedify")
@pytest.mark.interop("Update{Question}", "out", "figures for whoever has the poll", peer="Fedify")
async def test_they_vote_in_our_poll_and_hear_the_figures(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    made = await ask(ana, "Which topic next?")
    post = await peer.wait_post(made["uri"], type="Question")
    assert [one["name"] for one in post["options"]] == ["Graphs", "Ethics", "Both"]
    assert post["end_time"] is not None
    arrived(await peer.vote(rue, made["uri"], "Ethics"), peer)
    await counted(ana, made, 0, 1, 0, voters=1)
    await tell_now(ana.node)
    told = await peer.wait_post(made["uri"], voters=1)
    assert [one["votes"] for one in told["options"]] == [0, 1, 0]
    assert told["updated"] is None
    shown = await ana.get(f"/api/v1/statuses/{made['id']}")
    assert shown["replies_count"] == 0
    assert "mention" not in [one["type"] for one in await ana.notifications()]


@pytest.mark.interop(
    "Create{Note} as a vote", "in", "refused: a second one, an unknown answer", peer="Fedify"
)
async def test_O12_a_second_vote_and_an_unknown_answer_do_not_count(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    """The positive twin is the first vote."""
    await they_follow(peer, rue, ana)
    made = await ask(ana, "Once each")
    await peer.wait_post(made["uri"])
    await peer.vote(rue, made["uri"], "Nothing of the kind")
    await peer.vote(rue, made["uri"], "Graphs")
    await counted(ana, made, *VOTED_TWICE, voters=1)
    await peer.vote(rue, made["uri"], "Graphs")
    await peer.vote(rue, made["uri"], "Both")
    await settled(ana.node)
    await counted(ana, made, *VOTED_TWICE, voters=1)
    assert (await ana.get(f"/api/v1/statuses/{made['id']}"))["replies_count"] == 0


@pytest.mark.interop(
    "Create{Note} as a vote", "in", "refused: by who may not read the poll", peer="Fedify"
)
async def test_O11_who_may_not_read_a_poll_does_not_vote_in_it(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    made = await ask(ana, "For followers", visibility="private")
    await peer.wait_post(made["uri"])
    arrived(await peer.vote("reed", made["uri"], "Graphs"), peer)
    arrived(await peer.vote(rue, made["uri"], "Both"), peer)
    await counted(ana, made, 0, 0, 1, voters=1)
    await settled(ana.node)
    await counted(ana, made, 0, 0, 1, voters=1)


async def test_O12_nobody_tells_the_figures_of_anothers_poll(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    """The positive twin is test_their_poll_is_voted_in_and_their_figures_are_shown."""
    await we_follow(ana, peer, rue)
    asked = await peer.ask(rue, "How many?", ["One", "Two"], end_time=ENDS)
    seen = await ana.sees("How many?")
    lie = asked["document"]["object"] | {"votersCount": 99}
    lie["oneOf"] = [
        {**one, "replies": {"type": "Collection", "totalItems": 99}} for one in lie["oneOf"]
    ]
    update = {
        "@context": asked["document"]["@context"],
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "Update",
        "actor": peer.actor("reed"),
        "to": asked["document"]["to"],
        "object": lie,
    }
    answer = await peer.deliver("reed", f"{ana.node.origin}/inbox", update, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(ana.node)
    await counted(ana, seen, 0, 0)
    await vote(ana, seen, 0)
    await verified(peer, "Create", ana, since=0, outcome="applied: a vote")
