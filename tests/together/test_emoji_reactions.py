"""Likes with an emoji between nodes: kept, counted once for each person, the same for everybody."""

import pytest

from tests.support.nodes import Json, Nodes, Person, until
from tests.together.stories import befriend, known
from tests.together.test_passing_on import Meeting

REACTIONS = "/api/v1/pleroma/statuses/{}/reactions"


async def reacts(person: Person, post_id: str, emoji: str) -> None:
    answer = await person.ask("PUT", f"{REACTIONS.format(post_id)}/{emoji}")
    assert answer.status == 200, answer.text


async def shown(person: Person, post_id: str) -> list[tuple[str, int]]:
    status: Json = await person.get(f"/api/v1/statuses/{post_id}")
    return [(one["name"], one["count"]) for one in status.get("tertulia", {}).get("reactions", [])]


async def shows(person: Person, post_id: str, *wanted: tuple[str, int]) -> None:
    async def so() -> bool:
        return await shown(person, post_id) == list(wanted)

    await until(so)


@pytest.mark.interop(
    "EmojiReact", "out", "with its emoji; another one replaces it", peer="our nodes"
)
@pytest.mark.interop("Undo{EmojiReact}", "out", "is counted no more", peer="our nodes")
async def test_a_reaction_travels_changes_and_is_taken_back(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    made = await ana.say("worth it")
    seen = await ben.sees("worth it")
    await reacts(ben, seen["id"], "🎉")
    await shows(ana, made["id"], ("🎉", 1))
    await reacts(ana, made["id"], "🎉")
    await reacts(ben, seen["id"], "💡")
    await shows(ana, made["id"], ("🎉", 1), ("💡", 1))
    assert (await ana.get(f"/api/v1/statuses/{made['id']}"))["favourites_count"] == 2
    listed = await ana.get(REACTIONS.format(made["id"]))
    assert [(one["name"], one["me"], len(one["accounts"])) for one in listed] == [
        ("🎉", True, 1),
        ("💡", False, 1),
    ]
    other = await ben.delete(f"{REACTIONS.format(seen['id'])}/🎉")
    assert other["favourited"] is True, "that was not what he reacts with"
    await ben.delete(f"{REACTIONS.format(seen['id'])}/💡")
    await shows(ana, made["id"], ("🎉", 1))


async def test_D07_only_one_emoji_is_a_reaction(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    made = await ana.say("worth it")
    for words in ("yes", "👍👍", ":blob:", "%3Cb%3E"):
        answer = await ana.ask("PUT", f"{REACTIONS.format(made['id'])}/{words}")
        assert answer.status == 422, words
    assert await shown(ana, made["id"]) == []
    await reacts(ana, made["id"], "👍")
    assert await shown(ana, made["id"]) == [("👍", 1)]


@pytest.mark.interop(
    "Announce{EmojiReact}", "out", "every member's node shows the same", peer="our nodes"
)
async def test_reactions_in_a_community_are_the_same_everywhere(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    made = await meeting.say("cy", "bend your knees")
    at_ana = await meeting.shown("ana", "bend your knees")
    at_bo = await meeting.shown("bo", "bend your knees")
    ids = {"ana": at_ana["id"], "bo": at_bo["id"], "cy": made["id"]}

    async def all_show(*wanted: tuple[str, int]) -> None:
        for handle, post_id in ids.items():
            await shows(meeting[handle], post_id, *wanted)

    await reacts(meeting["bo"], ids["bo"], "👍")
    await all_show(("👍", 1))
    await reacts(meeting["ana"], ids["ana"], "👍")
    await reacts(meeting["bo"], ids["bo"], "🙏")
    await all_show(("👍", 1), ("🙏", 1))
    await meeting["bo"].delete(f"{REACTIONS.format(ids['bo'])}/🙏")
    await all_show(("👍", 1))
    status = await meeting["cy"].get(f"/api/v1/statuses/{made['id']}")
    assert status["favourites_count"] == 1
