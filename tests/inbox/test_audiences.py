"""For whom a post is, whatever others say of it: rows O09 to O11, O18 and O19 of the security
catalogue, from door to database.

B is honest, E is hostile, both are admitted. Everything here is signed correctly by its sender, and
taken with 202: what is refused is refused by what it says.
"""

import pytest

from domain.audience import Kind
from domain.choices import Choice
from storage.queries import posts
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, in_vain, known, row_of
from tests.inbox.home import Home
from tests.support.stranger import PUBLIC, Person, Stranger

# O09: no Update makes a post wider.


@pytest.mark.parametrize("narrow", ["followers", "direct"])
async def test_O09_an_update_widens_no_audience(
    here: Home, b: Stranger, ana: Person, alice: ActorView, narrow: str
) -> None:
    await here.follow(alice, await known(here, ana))
    charlie = await here.someone("charlie")
    to = [ana.document["followers"]] if narrow == "followers" else [alice.uri]
    document = b.note(ana, to=to, cc=[])
    await give(here, ana, b.activity(ana, "Create", document))
    before = await row_of(here, document)
    mention = {"type": "Mention", "href": charlie.uri, "name": "@charlie"}
    wider = document | {"to": [PUBLIC, charlie.uri], "content": "<p>new</p>", "tag": [mention]}
    await give(here, ana, b.activity(ana, "Update", wider, to=[PUBLIC]))
    after = await row_of(here, document)
    assert after.content == "<p>new</p>"
    assert (after.kind, after.owner_id) == (before.kind, before.owner_id)
    assert after.kind is (Kind.FOLLOWERS if narrow == "followers" else Kind.DIRECT)
    named = await here.db.read(posts.named_in, after.id)
    assert charlie.id not in named
    await give(here, ana, b.activity(ana, "Create", wider))
    assert (await row_of(here, document)).kind is after.kind


# O10, O11: nobody shares, likes or answers what they cannot see.


async def unseen(here: Home, alice: ActorView) -> list[str]:
    """Ids of posts that nobody elsewhere may read, and one of a post that never was."""
    made = [
        await here.post(alice, "for followers", Choice.PRIVATE),
        await here.post(alice, "for named people", Choice.DIRECT),
    ]
    return [*(post.uri for post in made), here.node.post(123456789)]


@pytest.mark.parametrize("kind", ["Announce", "Like"])
async def test_O10_O11_a_reaction_to_what_one_cannot_see_has_no_effect(
    here: Home, b: Stranger, ana: Person, mallory: Person, alice: ActorView, kind: str
) -> None:
    reasons = set()
    for person in (ana, mallory):
        for uri in await unseen(here, alice):
            await in_vain(here, person, person.server.activity(person, kind, uri))
            reasons.add(await dropped(here))
    assert len(reasons) == 1  # the same as for an unknown id
    seen = await here.post(alice, "for everybody")
    await give(here, ana, b.activity(ana, kind, seen.uri))
    assert await dropped(here) is None


async def test_O10_a_follower_does_not_share_what_is_for_followers(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(await known(here, ana), alice)
    post = await here.post(alice, "for followers", Choice.PRIVATE)
    await in_vain(here, ana, b.activity(ana, "Announce", post.uri, to=[PUBLIC]))
    await give(here, ana, b.activity(ana, "Like", post.uri))
    assert await dropped(here) is None


async def test_O11_an_answer_to_what_one_cannot_see_has_no_effect(
    here: Home, b: Stranger, e: Stranger, mallory: Person, alice: ActorView
) -> None:
    reasons = set()
    for uri in await unseen(here, alice):
        for to in ([PUBLIC], [alice.uri]):
            mention = {"type": "Mention", "href": alice.uri, "name": "@alice"}
            document = e.note(mallory, inReplyTo=uri, to=to, tag=[mention])
            await in_vain(here, mallory, e.activity(mallory, "Create", document))
            reasons.add(await dropped(here))
    assert len(reasons) == 1
    seen = await here.post(alice, "for everybody")
    answer = e.note(mallory, inReplyTo=seen.uri)
    await give(here, mallory, e.activity(mallory, "Create", answer))
    assert (await row_of(here, answer)).reply_to_id == seen.id


# O18, O19: who is named is meant, and nobody else.


@pytest.mark.parametrize("spelling", ["as:Public", "Public", PUBLIC])
@pytest.mark.parametrize("listed", [True, False])
async def test_O18_every_spelling_of_public_is_public(
    here: Home, b: Stranger, ana: Person, alice: ActorView, spelling: str, listed: bool
) -> None:
    await here.follow(alice, await known(here, ana))
    document = b.note(ana, to=[spelling] if listed else spelling, cc=[])
    await give(here, ana, b.activity(ana, "Create", document))
    assert (await row_of(here, document)).kind is Kind.PUBLIC


async def test_O18_unknown_addressees_are_nobody(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    document = b.note(ana, to=["as:Everyone", "https://nobody.example/all"], cc="public")
    await give(here, ana, b.activity(ana, "Create", document))
    row = await here.stored(document["id"])
    assert row is None or row.kind is Kind.DIRECT


async def test_O19_hidden_recipients_are_stored_nowhere(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    secret = "https://hidden.example/users/secret"
    tag = [{"type": "Mention", "href": alice.uri, "name": "@alice", "bcc": [secret]}]
    document = b.note(ana, bto=[secret], bcc=[secret], tag=tag)
    activity = b.activity(ana, "Create", document, bto=[secret], bcc=secret)
    await give(here, ana, activity)
    await row_of(here, document)
    assert secret not in repr([await here.rows(name) for name in _TABLES])


_TABLES = ("posts", "mentions", "actors", "intake", "jobs", "activities", "notifications")
