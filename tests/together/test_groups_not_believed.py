"""What a group announces of others is believed only if it is theirs (FEP-fe34, O04 to O16)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.kinds import RuleAction
from storage.queries import origins
from tests.support.nodes import Nodes, until
from tests.support.stranger import PUBLIC, Document, Page, Person, Stranger, stranger
from tests.together.following import Following, following_books
from tests.together.stories import following, known

FORGED = "<p>what was never said</p>"


@pytest.fixture
async def story(nodes: Nodes) -> AsyncIterator[Following]:
    async with following_books(nodes) as made:
        yield made


@pytest.fixture
async def third() -> AsyncIterator[Stranger]:
    async with stranger("third") as server:
        yield server


def note_of(story: Following, author: Person, **more: Any) -> Document:
    """What somebody on a third server wrote in the group, as that server has it."""
    to_group = {"to": [PUBLIC], "cc": [story.group.uri], "audience": story.group.uri}
    return author.server.note(author, content="<p>what was said</p>", **to_group | more)


def act(author: Person, kind: str, about: Any, story: Following, **more: Any) -> Document:
    common = {"to": [PUBLIC], "cc": [story.group.uri], "audience": story.group.uri}
    return author.server.activity(author, kind, about, **common | more)


def served(activity: Document, author: Person) -> Document:
    """The same, with its own server telling it at its id."""
    path = str(activity["id"]).removeprefix(author.server.origin)
    author.server.pages[path] = Page(activity)
    return activity


@pytest.mark.interop(
    "Announce{Create{Note}} by a third server",
    "in",
    "fetched from its own server",
    peer="scripted Lemmy",
)
async def test_O07_words_of_a_third_server_are_those_that_it_has(
    story: Following, third: Stranger
) -> None:
    ned = third.person("ned")
    note = note_of(story, ned)
    await story.lemmy.announce(story.place, act(ned, "Create", note | {"content": FORGED}, story))
    await story.calm()
    assert await story.shown() == ["<p>what was said</p>"]


async def test_O07_words_that_their_server_does_not_have_are_not_there(
    story: Following, third: Stranger
) -> None:
    ned = third.person("ned")
    note = note_of(story, ned)
    third.pages[note["id"].removeprefix(third.origin)] = Page(status=404)
    await story.refused(act(ned, "Create", note, story))
    assert await story.stored(note["id"]) is None


async def test_O07_nobody_is_the_author_of_what_another_wrote(
    story: Following, third: Stranger
) -> None:
    ned, eve = third.person("ned"), third.person("eve", key=1)
    note = note_of(story, ned)
    await story.refused(act(eve, "Create", note, story))
    foreign = story.lemmy.server.activity(story.mo, "Create", note, audience=story.group.uri)
    await story.refused(foreign)
    lying = act(ned, "Create", note, story) | {"id": story.lemmy.server.url("/activities/x")}
    await story.refused(lying)
    await story.lemmy.announce(story.place, act(ned, "Create", note, story))
    await story.calm()
    assert len(await story.shown()) == 1


async def test_what_was_said_in_another_group_is_not_taken_for_this_one(
    story: Following, third: Stranger
) -> None:
    films = story.lemmy.community("films", story.lia)
    ned = third.person("ned")
    elsewhere = {"cc": [films.uri], "audience": films.uri}
    note = note_of(story, ned, **elsewhere)
    await story.refused(act(ned, "Create", note, story, **elsewhere))
    await story.refused(act(ned, "Create", note, story))  # the words themselves say where
    await story.refused(note["id"])
    assert await story.stored(note["id"]) is None


async def test_O10_what_is_not_for_everybody_is_not_shown(
    story: Following, third: Stranger
) -> None:
    ned = third.person("ned")
    for number, closed in enumerate(([story.group.uri], [story.ana.uri], [f"{ned.uri}/followers"])):
        only = {"to": closed, "cc": [], "audience": story.group.uri}
        note = note_of(story, ned, path=f"/notes/closed{number}", **only)
        await story.refused(act(ned, "Create", note, story, **only))
        await story.refused(note["id"])
        assert await story.stored(note["id"]) is None


async def test_O10_our_own_words_are_shown_only_if_anybody_may_read_them(story: Following) -> None:
    for visibility in ("private", "direct"):
        mine = await story.ana.say("for few", visibility=visibility)
        await story.refused(mine["uri"])
        row = await story.stored(mine["uri"])
        assert (row.shares_count, row.place_id) == (0, None)
    mine = await story.ana.say("for all")
    await story.lemmy.announce(story.place, mine["uri"])
    await story.ana.sees("for all", story.timeline)
    assert (await story.stored(mine["uri"])).place_id is None  # a group moves nothing of ours


async def test_O04_nobody_changes_or_deletes_what_another_wrote(
    story: Following, third: Stranger
) -> None:
    ned, eve = third.person("ned"), third.person("eve", key=1)
    note = note_of(story, ned)
    await story.lemmy.announce(story.place, act(ned, "Create", note, story))
    await story.calm()
    changed = note | {"content": FORGED, "updated": "2099-01-01T00:00:00Z"}
    await story.refused(act(eve, "Update", changed | {"attributedTo": eve.uri}, story))
    await story.refused(act(ned, "Update", changed, story))  # its own server says otherwise
    await story.refused(act(eve, "Delete", note["id"], story))
    await story.refused(act(ned, "Delete", note["id"], story))  # its own server still has it
    assert await story.shown() == ["<p>what was said</p>"]
    third.pages[note["id"].removeprefix(third.origin)] = Page(
        note | {"content": "<p>what is said now</p>", "updated": "2099-01-01T00:00:00Z"}
    )
    await story.lemmy.announce(story.place, act(ned, "Update", changed, story))
    await story.ana.sees("what is said now", story.timeline)
    third.pages[note["id"].removeprefix(third.origin)] = Page(status=410)
    await story.lemmy.announce(story.place, act(ned, "Delete", note["id"], story))
    await story.calm()
    assert await story.shown() == []


async def test_O11_a_reaction_of_a_third_server_is_asked_of_it(
    story: Following, third: Stranger
) -> None:
    ned = third.person("ned")
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.calm()
    await story.refused(act(ned, "Like", page["id"], story))
    assert await story.likes(page["id"]) == 0
    other = act(ned, "Like", "http://elsewhere.example/1", story)
    lying = served(other, ned) | {"object": page["id"]}
    await story.refused(lying)
    assert await story.likes(page["id"]) == 0
    like = served(act(ned, "Like", page["id"], story), ned)
    await story.lemmy.announce(story.place, like)
    await story.calm()
    assert await story.likes(page["id"]) == 1
    undo = act(ned, "Undo", like, story)
    await story.refused(undo)
    assert await story.likes(page["id"]) == 1
    await story.lemmy.announce(story.place, served(act(ned, "Undo", like, story), ned))
    await story.calm()
    assert await story.likes(page["id"]) == 0


async def test_our_own_people_do_not_like_by_the_word_of_a_group(story: Following) -> None:
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.calm()
    like = {
        "id": f"{story.node.origin}/act/1",
        "type": "Like",
        "actor": story.ana.uri,
        "object": page["id"],
        "audience": story.group.uri,
    }
    await story.refused(like)
    assert await story.likes(page["id"]) == 0


@pytest.mark.interop(
    "Announce{Delete, Lock}", "in", "counts if a moderator did it", peer="scripted Lemmy"
)
@pytest.mark.interop(
    "Announce{Undo{Delete, Lock}}",
    "in",
    "shown again, open again, if a moderator did it",
    peer="scripted Lemmy",
)
@pytest.mark.interop(
    "Announce{Block}", "in", "refused: by who is no moderator", peer="scripted Lemmy"
)
async def test_powers_of_moderators_are_for_moderators_alone(
    story: Following, third: Stranger
) -> None:
    eve, max_ = third.person("eve"), third.person("max", key=1)
    story.place.moderators.append(max_.uri)
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.calm()
    for powerless in (
        act(eve, "Delete", page["id"], story, summary="spam"),
        act(eve, "Lock", page["id"], story),
        act(eve, "Block", story.mo.uri, story, target=story.group.uri, removeData=True),
        act(eve, "Add", page["id"], story, target=f"{story.group.uri}/featured"),
    ):
        await story.refused(powerless)
    row = await story.stored(page["id"])
    answer = {"status": "still open", "in_reply_to_id": str(row.id)}
    assert (await story.ana.ask("POST", "/api/v1/statuses", json=answer)).status == 200
    await story.lemmy.announce(story.place, act(max_, "Lock", page["id"], story))
    await story.calm()
    refused = await story.ana.ask("POST", "/api/v1/statuses", json=answer)
    assert (refused.status, "closed" in refused.text) == (403, True)
    lock = act(max_, "Lock", page["id"], story)
    await story.refused(act(eve, "Undo", lock, story))
    assert (await story.ana.ask("POST", "/api/v1/statuses", json=answer)).status == 403
    await story.lemmy.announce(story.place, act(max_, "Undo", lock, story))
    await story.calm()
    assert (await story.ana.ask("POST", "/api/v1/statuses", json=answer)).status == 200
    removed = act(max_, "Delete", page["id"], story, summary="spam")
    await story.lemmy.announce(story.place, removed)
    await story.calm()
    assert not any("Read slowly" in one for one in await story.shown())
    assert (await story.ana.ask("GET", f"/api/v1/statuses/{row.id}")).status == 404
    await story.refused(act(eve, "Undo", removed, story))
    await story.lemmy.announce(story.place, act(max_, "Undo", removed, story))
    await story.ana.sees("Read slowly", story.timeline)


async def test_a_group_that_nobody_follows_tells_nothing(story: Following) -> None:
    films = story.lemmy.community("films", story.lia)
    place = story.lemmy.places[films.uri]
    page = story.lemmy.post(place, story.mo, "On films", "Watch slowly.")
    await story.calm()
    assert await story.stored(page["id"]) is None


async def test_O16_words_of_a_blocked_server_do_not_come_by_a_group(
    story: Following, third: Stranger
) -> None:
    ned = third.person("ned")
    first, second = note_of(story, ned), note_of(story, ned)
    await story.lemmy.announce(story.place, act(ned, "Create", first, story))
    await story.calm()
    assert len(await story.shown()) == 1
    await story.node.db.write(origins.set_rule, third.authority, RuleAction.BLOCK)

    async def known() -> bool:  # answers are kept for two seconds
        return not await story.node.parts.fetcher.policy.may_exchange(third.authority)

    await until(known)
    await story.refused(act(ned, "Create", second, story))
    await story.refused(second["id"])
    assert await story.stored(second["id"]) is None


@pytest.mark.interop(
    "Announce{Block}", "in", "ours is shut out of the group and told", peer="scripted Lemmy"
)
@pytest.mark.interop("Announce{Undo{Block}}", "in", "ours may write again", peer="scripted Lemmy")
async def test_somebody_put_out_of_a_group_is_told_and_writes_there_no_more(
    story: Following, third: Stranger
) -> None:
    group = f"@books@{story.lemmy.server.authority}"
    await story.ana.say(f"{group} What do you read?")

    async def taken() -> bool:
        return bool(story.place.titles())

    await until(taken)
    await story.ana.sees("What do you read", story.timeline)
    block = story.lemmy.act(
        story.place,
        story.lia,
        "Block",
        story.ana.uri,
        target=story.group.uri,
        removeData=True,
        summary="not about books",
    )
    await story.sees_mention("You were shut out of Books")
    await story.calm()
    assert await story.ana.get("/api/v1/lists") == []
    own = await story.ana.get(f"/api/v1/accounts/{story.ana.id}/statuses")
    assert "What do you read" in own[0]["content"]  # her words stay hers
    bo = await known(story.node, "bo")  # while somebody here follows it, it is heard
    await following(bo, (await bo.follow(group))["id"])

    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.calm()
    answer = {"status": "Why?", "in_reply_to_id": str((await story.stored(page["id"])).id)}

    async def answers() -> int:
        return (await story.ana.ask("POST", "/api/v1/statuses", json=answer)).status

    assert await answers() == 403
    await story.lemmy.announce(story.place, act(third.person("eve"), "Undo", block, story))
    await story.calm()
    assert await answers() == 403
    story.lemmy.undo(story.place, story.lia, block)
    await story.calm()
    assert await answers() == 200
    await story.calm()
    assert [one.author for one in story.place.shown() if one.parent] == [story.ana.uri]


async def test_who_is_blocked_here_is_not_shown_by_a_group(story: Following) -> None:
    blocked = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    story.lemmy.post(story.place, story.lia, "On maps", "Read maps.")
    await story.ana.sees("Read maps", story.timeline)
    await story.calm()
    assert len(await story.shown()) == 2
    author = (await story.ana.find_post(blocked["id"]))["account"]
    await story.ana.post(f"/api/v1/accounts/{author['id']}/block")
    assert ["maps" in one for one in await story.shown()] == [True]
    home = [(one["reblog"] or one)["content"] for one in await story.ana.home()]
    assert not any("slowly" in one for one in home)
