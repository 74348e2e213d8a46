"""What one of ours said in a community elsewhere: waiting, taken in, refused, withdrawn (§5)."""

from typing import Any

import pytest

from domain.audience import Audience
from domain.kinds import Acceptance, NotificationKind
from storage.queries import activities, posts
from storage.queries.ids import new_id
from storage.queries.keys import public_keys
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.gathering import Place, Writer, place, writer
from tests.inbox.giving import dropped, give, in_vain
from tests.inbox.home import Home
from tests.support.factories import add_actor, add_post
from tests.support.stranger import Document, Stranger, ed25519


@pytest.fixture
async def lifting(here: Home, b: Stranger, alice: ActorView) -> Place:
    return await place(here, b, alice)


@pytest.fixture
def cy() -> Writer:
    return writer()


async def stored(here: Home, uri: str) -> PostRow:
    row = await here.stored(uri)
    assert row is not None
    return row


async def refused(where: Place, inner: Any, *told: Document, **more: Any) -> str | None:
    await in_vain(where.here, where.person, where.announce(inner, *told, **more))
    return await dropped(where.here)


async def told(here: Home, actor: ActorView) -> list[NotificationKind]:
    """Of what kinds somebody was told."""
    kinds = [row for row in await here.rows("notifications") if actor.id in row]
    return sorted(NotificationKind(row[2]) for row in kinds)


# Our own people's words.


async def waiting(where: Place, author: ActorView, **more: Any) -> PostRow:
    """A post of ours that was handed in, with the activity that brought it there."""

    def write(tx: Tx) -> int:
        node, post_id = where.here.node, new_id(tx)
        add_post(
            tx,
            author.id,
            Audience.community(where.actor.id),
            id=post_id,
            uri=node.post(post_id),
            url=node.post_page(author.handle, post_id),
            place_id=where.actor.id,
            acceptance=Acceptance.WAITING,
            **more,
        )
        activities.insert_activity(
            tx,
            activity_id=post_id + 1,
            uri=node.activity(post_id + 1),
            actor_id=author.id,
            post_id=post_id,
            community_id=where.actor.id,
            body=b"{}",
        )
        return post_id

    row = await where.here.db.read(posts.by_id, await where.here.db.write(write))
    assert row is not None
    return row


async def mine(where: Place, author: ActorView) -> Writer:
    found = await where.here.db.read(public_keys, author.id)
    key_id = next(key.uri for key in found if "ed25519" in key.uri)
    return Writer(author.uri, author.handle, "", ed25519(99), key_id)


async def echo(where: Place, author: ActorView, row: PostRow, **more: Any) -> Document:
    """What the community announces of such a post."""
    me = await mine(where, author)
    note = where.note(me, "words", id=row.uri)
    inner = where.activity(me, "Create", note, id=where.here.node.activity(row.id + 1), **more)
    return me.proven(inner)


async def test_our_own_words_are_shown_once_the_community_took_them_in(
    here: Home, lifting: Place, alice: ActorView
) -> None:
    ben = await here.someone("ben")
    row = await waiting(lifting, alice, named=(ben.id,))
    assert not row.is_accepted
    create = await echo(lifting, alice, row)
    await lifting.says(create)
    assert await dropped(here) is None
    accepted = await stored(here, row.uri)
    assert (accepted.is_accepted, accepted.content) == (True, row.content)
    assert await here.db.read(posts.share_of, row.id, lifting.actor.id) is not None
    assert await told(here, ben) == []  # he does not belong to it
    assert await refused(lifting, create) == "it was taken in before"


async def test_our_own_words_are_not_taken_in_with_somebody_elses_proof(
    lifting: Place, alice: ActorView
) -> None:
    row = await waiting(lifting, alice)
    me = await mine(lifting, alice)
    inner = lifting.activity(me, "Create", lifting.note(me, id=row.uri))
    assert "proof" in str(await refused(lifting, me.proven(inner, key=ed25519(3))))
    assert not (await stored(lifting.here, row.uri)).is_accepted


async def test_another_community_does_not_take_in_what_was_not_handed_to_it(
    here: Home, e: Stranger, lifting: Place, alice: ActorView
) -> None:
    cooking = await place(here, e, alice, "cooking")
    row = await waiting(lifting, alice)
    assert "no post of ours" in str(await refused(cooking, await echo(cooking, alice, row)))


async def test_what_our_people_did_themselves_is_not_done_again(
    lifting: Place, alice: ActorView, cy: Writer
) -> None:
    await lifting.says(create := lifting.create(cy), lifting.card(cy))
    me = await mine(lifting, alice)
    like = lifting.like(me, create["object"]["id"])
    assert "known here" in str(await refused(lifting, like))
    row = await waiting(lifting, alice)
    await lifting.says(await echo(lifting, alice, row))
    delete = me.proven(lifting.activity(me, "Delete", {"id": row.uri, "type": "Tombstone"}))
    assert "known here" in str(await refused(lifting, delete))


async def reject(where: Place, row: PostRow, by: Place | None = None) -> None:
    speaker = (by or where).person
    uri = where.here.node.activity(row.id + 1)
    about = speaker.server.activity(speaker, "Reject", uri, summary="the thread is closed")
    await give(where.here, speaker, about)


@pytest.mark.both
async def test_what_is_refused_stays_its_authors_who_is_told_why(
    here: Home, lifting: Place, alice: ActorView
) -> None:
    await here.db.write(add_helper)
    row = await waiting(lifting, alice)
    await reject(lifting, row)
    refusal = await stored(here, row.uri)
    assert (refusal.acceptance, refusal.content) == (Acceptance.REFUSED, row.content)
    assert await told(here, alice) == [NotificationKind.NOTICE]
    [notice] = [one for one in await here.rows("posts") if "the thread is closed" in str(one)]
    assert row.url in str(notice)


def add_helper(tx: Tx) -> None:
    add_actor(tx, "tertulia")


async def test_only_its_own_community_refuses_a_post_and_only_while_it_waits(
    here: Home, e: Stranger, lifting: Place, alice: ActorView
) -> None:
    cooking = await place(here, e, alice, "cooking")
    row = await waiting(lifting, alice)
    await reject(lifting, row, by=cooking)
    assert (await stored(here, row.uri)).acceptance is Acceptance.WAITING
    await lifting.says(await echo(lifting, alice, row))
    await reject(lifting, row)
    assert (await stored(here, row.uri)).is_accepted


async def test_a_community_withdraws_a_post_of_ours(
    here: Home, lifting: Place, alice: ActorView
) -> None:
    row = await waiting(lifting, alice)
    await lifting.says(await echo(lifting, alice, row))
    gone = {"id": row.uri, "type": "Tombstone"}
    voice = lifting.voice
    await lifting.says(voice.proven(lifting.activity(voice, "Delete", gone)))
    left = await stored(here, row.uri)
    assert (left.acceptance, left.deleted_at) == (Acceptance.REFUSED, None)
    assert await here.db.read(posts.share_of, row.id, lifting.actor.id) is None
