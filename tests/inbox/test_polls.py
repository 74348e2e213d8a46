"""Questions and votes from door to database: rows O11 and O12 of the security catalogue.

B is honest, E is hostile; everything is signed correctly by its sender and taken with 202.
"""

from typing import Any

import orjson
import pytest

from domain.choices import Choice
from domain.polls import NewPoll
from social import polls as asking
from social import tallies
from social.posts import Draft, create_post
from storage.queries import posts
from storage.queries.polls import Poll, of_post
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.giving import dropped, give, in_vain, known
from tests.inbox.home import Home
from tests.support.stranger import Document, Person, Stranger

POLL = NewPoll(("Graphs", "Ethics"), 3600)


async def ask(
    here: Home, author: ActorView, wish: NewPoll = POLL, visibility: Choice = Choice.PUBLIC
) -> PostRow:
    """A poll of ours."""
    draft = Draft(text="which?", visibility=visibility, poll=wish)
    made = await here.db.write(create_post, node=here.node, author_id=author.id, draft=draft)
    found = await here.db.read(posts.by_id, made.post_id)
    assert found is not None
    return found


async def figures(here: Home, row: PostRow) -> tuple[list[int], int | None]:
    poll = await poll_of(here, row)
    return [option.votes for option in poll.options], poll.voters


async def poll_of(here: Home, row: PostRow, viewer: int = 0) -> Poll:
    found = await here.db.read(of_post, row.id, viewer)
    assert found is not None
    return found


def vote(voter: Person, poll: PostRow, name: str, number: int = 1, **changes: Any) -> Document:
    """As Mastodon sends it: the ids are fragments of the voter."""
    server = voter.server
    note: Document = {
        "id": f"{voter.uri}#votes/{number}",
        "type": "Note",
        "name": name,
        "attributedTo": voter.uri,
        "inReplyTo": poll.uri,
        "to": [poll.uri],
        **changes,
    }
    return server.activity(voter, "Create", note) | {"id": f"{voter.uri}#votes/{number}/activity"}


@pytest.mark.interop(
    "Create{Note} as a vote", "in", "counted once, whatever is sent", peer="a stranger"
)
async def test_O12_a_vote_is_counted_once_and_is_no_post(
    here: Home, ana: Person, alice: ActorView
) -> None:
    row = await ask(here, alice)
    await give(here, ana, vote(ana, row, "Ethics"))
    assert await figures(here, row) == ([0, 1], 1)
    for number, name in enumerate(("Ethics", "Graphs"), 2):
        await in_vain(here, ana, vote(ana, row, name, number))
    assert await figures(here, row) == ([0, 1], 1)
    stored = await here.rows("posts")
    assert len(stored) == 1
    assert await here.rows("notifications") == []


async def test_O12_the_same_vote_again_changes_nothing(
    here: Home, ana: Person, alice: ActorView
) -> None:
    row = await ask(here, alice)
    for _ in range(2):
        await give(here, ana, vote(ana, row, "Ethics"))
    assert await figures(here, row) == ([0, 1], 1)


async def test_O12_votes_that_cannot_be_are_dropped(
    here: Home, ana: Person, bo: Person, alice: ActorView
) -> None:
    row = await ask(here, alice)
    plain = await here.post(alice, "no poll")
    await in_vain(
        here,
        ana,
        vote(ana, row, "Something else", 1),
        vote(ana, plain, "Ethics", 2),
        vote(ana, row, "Ethics", 3, attributedTo=bo.uri),
        vote(ana, row, "Ethics", 4, inReplyTo=f"{row.uri}0"),
    )
    several = [vote(ana, row, name, n)["object"] for n, name in enumerate(("Graphs", "Ethics"), 5)]
    await in_vain(here, ana, ana.server.activity(ana, "Create", several))
    assert await figures(here, row) == ([0, 0], 0)
    await give(here, bo, vote(bo, row, "Graphs"))
    assert await figures(here, row) == ([1, 0], 1)


async def test_O12_a_late_vote_is_dropped(here: Home, ana: Person, alice: ActorView) -> None:
    row = await ask(here, alice)
    ends = (await poll_of(here, row)).ends_at
    assert ends is not None
    await here.db.write(tallies.close, node=here.node, post_id=row.id, ends=ends)
    await in_vain(here, ana, vote(ana, row, "Ethics"))
    assert await dropped(here) == "the poll has ended"


@pytest.mark.interop(
    "Create{Note, Note} as votes", "in", "several choices at once", peer="scripted GoToSocial"
)
async def test_several_choices_come_in_one_create(
    here: Home, ana: Person, alice: ActorView
) -> None:
    row = await ask(here, alice, NewPoll(POLL.options, 3600, multiple=True))
    several = [vote(ana, row, name, n)["object"] for n, name in enumerate(POLL.options)]
    await give(here, ana, ana.server.activity(ana, "Create", several))
    assert await figures(here, row) == ([1, 1], 1)


async def test_O11_a_poll_that_they_may_not_read_is_unknown(
    here: Home, ana: Person, alice: ActorView
) -> None:
    hidden = await ask(here, alice, visibility=Choice.PRIVATE)
    reasons = set()
    for number, uri in enumerate((hidden.uri, f"{here.node.origin}/o/1")):
        await in_vain(here, ana, vote(ana, hidden, "Ethics", number, inReplyTo=uri))
        reasons.add(await dropped(here))
    assert len(reasons) == 1
    assert await figures(here, hidden) == ([0, 0], 0)
    await here.follow(await known(here, ana), alice)
    await give(here, ana, vote(ana, hidden, "Ethics", 9))
    assert await figures(here, hidden) == ([0, 1], 1)


# Questions from elsewhere.


def question(server: Stranger, author: Person, *votes: int, **changes: Any) -> Document:
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": count}}
        for name, count in zip(("Graphs", "Ethics"), votes, strict=True)
    ]
    return server.note(
        author,
        "/questions/1",
        type="Question",
        oneOf=options,
        votersCount=sum(votes),
        endTime="2099-01-01T00:00:00Z",
        **changes,
    )


@pytest.fixture
async def bo(here: Home, b: Stranger) -> Person:
    """Somebody else on B."""
    person = b.person("bo", key=2)
    await known(here, person)
    return person


@pytest.mark.interop("Update{Question}", "in", "new figures are no edit", peer="scripted Mastodon")
async def test_figures_come_by_update_and_are_no_edit(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    await give(here, ana, b.activity(ana, "Create", question(b, ana, 1, 0)))
    row = await here.stored(b.url("/questions/1"))
    assert row is not None
    assert await figures(here, row) == ([1, 0], 1)
    await give(here, ana, b.activity(ana, "Update", question(b, ana, 3, 4)))
    assert await figures(here, row) == ([3, 4], 7)
    again = await here.stored(row.uri)
    assert again is not None
    assert again.edited_at is None
    assert await here.rows("post_versions") == []
    assert await here.rows("notifications") == []
    changed = question(b, ana, 0, 0, updated="2026-11-20T10:00:00Z")
    changed["oneOf"][0]["name"] = "Trees"
    await give(here, ana, b.activity(ana, "Update", changed))
    assert (await poll_of(here, row)).names == ("Trees", "Ethics")
    [version] = await here.rows("post_versions")
    assert '["Graphs","Ethics"]' in version


async def test_figures_of_an_edited_poll_come_with_the_same_edit(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    await give(here, ana, b.activity(ana, "Create", question(b, ana, 0, 0)))
    for counts, words in (((0, 0), "<p>better</p>"), ((0, 2), "<p>better</p>")):
        said = question(b, ana, *counts, content=words, updated="2026-11-20T10:00:00Z")
        await give(here, ana, b.activity(ana, "Update", said))
    row = await here.stored(b.url("/questions/1"))
    assert row is not None
    assert await figures(here, row) == ([0, 2], 2)
    older = question(b, ana, 9, 9, content="<p>older</p>", updated="2026-11-10T10:00:00Z")
    await in_vain(here, ana, b.activity(ana, "Update", older))


async def test_O12_nobody_else_says_how_a_poll_stands(
    here: Home,
    b: Stranger,
    e: Stranger,
    ana: Person,
    bo: Person,
    mallory: Person,
    alice: ActorView,
) -> None:
    await here.follow(alice, await known(here, ana))
    first = question(b, ana, 1, 0)
    await give(here, ana, b.activity(ana, "Create", first))
    for person in (bo, mallory):
        for author in (ana.uri, person.uri):
            lie = question(b, ana, 0, 99) | {"attributedTo": author}
            await in_vain(here, person, person.server.activity(person, "Update", lie))
    ours = await ask(here, alice)
    lie = question(b, ana, 0, 99) | {"id": ours.uri}
    await in_vain(here, ana, b.activity(ana, "Update", lie))
    row = await here.stored(first["id"])
    assert row is not None
    assert await figures(here, row) == ([1, 0], 1)
    assert await figures(here, ours) == ([0, 0], 0)


@pytest.mark.interop("Create{Note} as a vote", "out", "to the author alone", peer="a stranger")
async def test_our_vote_goes_to_the_author_alone(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    document = question(b, ana, 0, 0)
    document["oneOf"][1]["name"] = "Ethics  and\tlaw"
    await give(here, ana, b.activity(ana, "Create", document))
    row = await here.stored(document["id"])
    assert row is not None
    assert (await poll_of(here, row)).names == ("Graphs", "Ethics and law")
    await here.db.write(asking.vote, node=here.node, actor_id=alice.id, post_id=row.id, choices=[1])
    bodies = [body for row in await here.rows("activities") for body in row if is_body(body)]
    [sent] = [body for body in map(orjson.loads, bodies) if body["type"] == "Create"]
    assert sent["object"]["name"] == "Ethics  and\tlaw"  # word for word, or it is no answer there
    assert sent["to"] == sent["object"]["to"] == [ana.uri]
    assert not {"cc", "audience"} & {*sent, *sent["object"]}


def is_body(column: Any) -> bool:
    return isinstance(column, bytes) and column.startswith(b"{")
