"""Polls between nodes: one count, the same figures everywhere, a choice that nobody else hears."""

import pytest

from tests.support.nodes import Nodes, until
from tests.together.polling import ask, counted, end_now, figures, poll_of, tell_now, vote
from tests.together.stories import become_sisters, befriend, known, settled, told


@pytest.mark.both
@pytest.mark.interop(
    "Create{Question}", "out", "a poll with its end and its figures", peer="our nodes"
)
@pytest.mark.interop("Create{Note} as a vote", "in", "counted once, never a post", peer="our nodes")
@pytest.mark.interop(
    "Update{Question}", "out", "figures, coalesced, and at the end", peer="our nodes"
)
async def test_a_public_poll_stands_alike_on_three_nodes(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await befriend(ben, ana)
    await befriend(cy, ana)
    made = await ask(ana, "Which topic next?")
    assert made["poll"]["voted"] is True  # nobody votes in their own poll
    bens, cys = await ben.sees("Which topic next?"), await cy.sees("Which topic next?")
    assert [one["title"] for one in bens["poll"]["options"]] == ["Graphs", "Ethics", "Both"]
    assert (bens["poll"]["voted"], bens["poll"]["own_votes"]) == (False, [])
    assert bens["poll"]["expires_at"] == made["poll"]["expires_at"]
    chosen = await vote(ben, bens, 1)
    assert (chosen["voted"], chosen["own_votes"], figures(chosen)) == (True, [1], [0, 1, 0])
    for person, status in ((ana, made), (cy, cys), (ben, bens)):
        await counted(person, status, 0, 1, 0, voters=1)
    await vote(cy, cys, 2)
    await counted(ana, made, 0, 1, 1, voters=2)
    await tell_now(hq)
    for person, status in ((cy, cys), (ben, bens)):
        await counted(person, status, 0, 1, 1, voters=2)
    assert (await poll_of(ben, bens))["own_votes"] == [1]
    assert (await poll_of(cy, cys))["own_votes"] == [2]
    await settled(hq, lab, far)
    assert (await ana.get(f"/api/v1/statuses/{made['id']}"))["replies_count"] == 0
    assert "mention" not in [one["type"] for one in await ana.notifications()]
    shown = await ben.get(f"/api/v1/statuses/{bens['id']}")
    assert shown["edited_at"] is None
    for node, status in ((hq, made), (lab, bens), (far, cys)):
        await end_now(node, status)
    for person in (ana, ben, cy):
        notice = await told(person, "poll")
        assert notice["status"]["uri"] == made["uri"]
        assert notice["status"]["poll"]["expired"] is True


@pytest.mark.both
async def test_who_voted_hears_without_following_and_who_looks_asks(nodes: Nodes) -> None:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    made = await ask(ana, "Found by its address")
    bens, cys = await ben.find_post(made["uri"]), await cy.find_post(made["uri"])
    await vote(ben, bens, 2)
    await counted(ana, made, 0, 0, 1)
    bo = await hq.person("bo")
    await vote(bo, made, 2)
    await tell_now(hq)
    await counted(ben, bens, 0, 0, 2, voters=2)
    assert figures(await poll_of(cy, cys)) == [0, 0, 0]  # asked a moment ago
    await tell_now(far)  # as if that were long ago
    await counted(cy, cys, 0, 0, 2, voters=2)


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_a_poll_for_few_is_counted_for_them(nodes: Nodes, visibility: str) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    dan = await known(lab, "dan")
    await befriend(ben, ana)
    made = await ask(ana, f"{ben.acct} for few", visibility=visibility)
    bens = await ben.sees("for few")
    await vote(ben, bens, 0)
    await counted(ana, made, 1, 0, 0, voters=1)
    await settled(hq, lab)
    answer = await dan.ask("POST", f"/api/v1/polls/{bens['id']}/votes", json={"choices": [0]})
    assert answer.status == 404
    await counted(ben, bens, 1, 0, 0, voters=1)


@pytest.mark.both
async def test_other_answers_begin_anew_everywhere(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ask(ana, "Which topic next?")
    bens = await ben.sees("Which topic next?")
    await vote(ben, bens, 0)
    await counted(ana, made, 1, 0, 0)
    other = {"options": ["Trees", "Ethics"], "expires_in": 7200}
    await ana.put(f"/api/v1/statuses/{made['id']}", poll=other)
    await counted(ben, bens, 0, 0)
    poll = await poll_of(ben, bens)
    assert [one["title"] for one in poll["options"]] == ["Trees", "Ethics"]
    assert (poll["voted"], poll["own_votes"]) == (False, [])
    history = await ben.get(f"/api/v1/statuses/{bens['id']}/history")
    assert [len(one["poll"]["options"]) for one in history] == [3, 2]
    await vote(ben, bens, 1)
    await counted(ana, made, 0, 1)
    await ana.delete(f"/api/v1/statuses/{made['id']}")

    async def gone() -> bool:
        return (await ben.ask("GET", f"/api/v1/polls/{bens['id']}")).status == 404

    await until(gone)


async def test_sisters_vote_in_what_is_for_everyone_at_work(nodes: Nodes) -> None:
    given = {"public_means": "network"}
    hq, lab = await nodes.start("hq", **given), await nodes.start("lab", **given)
    await become_sisters(hq, lab)
    ana, ben = await hq.person("ana"), await lab.person("ben")
    made = await ask(ana, "for both houses")
    bens = await ben.sees("for both houses", "/api/v1/timelines/public")
    await vote(ben, bens, 1)
    await counted(ana, made, 0, 1, 0, voters=1)
    bo = await hq.person("bo")
    await vote(bo, made, 1)
    await tell_now(hq)
    await counted(ben, bens, 0, 2, 0, voters=2)
