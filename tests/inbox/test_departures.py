"""Actors of other servers that end: proven or looked at, and what goes with them."""

from typing import Any

import orjson
import pytest
from sqlalchemy import bindparam, delete, update

from domain.audience import Kind
from social.departures import FORMER, actor_left, remove_the_rest
from social.refreshing import GONE_AFTER_MS, look_at
from storage.queries import actors, follows, posts
from storage.tables.actors import actors as table
from storage.tables.actors import key_fetches
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.giving import give, known
from tests.inbox.home import Home
from tests.support.stranger import Document, Page, Person, Stranger, rsa

_PAUSES = delete(key_fetches).where(key_fetches.c.until > bindparam("never"))
_MISSING = update(table).where(table.c.id == bindparam("key")).values(missing_since=1)


async def stands(here: Home, person: Person) -> ActorView:
    found = await here.db.read(actors.by_uri, person.uri)
    assert found is not None
    return found


async def said_nothing(here: Home, person: Person, *, key: Any = None) -> None:
    """Delete of oneself under a signature that proves nothing: taken all the same."""
    server = person.server
    body = orjson.dumps(server.activity(person, "Delete", person.uri))
    headers = server.signed(person, here.inbox, body, key=key or rsa(7))
    assert (await server.send(here.inbox, body, headers)).status == 202
    await here.db.write(_forget_pauses)
    here.restart()
    await here.drain()


def _forget_pauses(tx: Tx) -> None:
    tx.change(_PAUSES, never=0)


@pytest.mark.interop(
    "Delete{Person}", "in", "words, follows, likes and notices go; counts fit", peer="a stranger"
)
async def test_P13_with_an_actor_goes_all_of_theirs(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    her = await known(here, ana)
    await here.follow(alice, her)
    await here.follow(her, alice)
    words = await here.post(alice, "what alice says")
    answer = b.note(ana, inReplyTo=words.uri)
    own = b.note(ana)
    await give(
        *(here, ana),
        b.activity(ana, "Create", answer),
        b.activity(ana, "Create", own),
        b.activity(ana, "Like", words.uri),
        b.activity(ana, "Announce", words.uri),
    )
    before = await here.stored(words.uri)
    assert before is not None
    assert (before.replies_count, before.likes_count, before.shares_count) == (1, 1, 1)
    assert [row for row in await here.rows("notifications") if her.id in row]
    await give(here, ana, b.activity(ana, "Delete", ana.uri))
    after = await here.stored(words.uri)
    assert after is not None
    assert (after.replies_count, after.likes_count, after.shares_count) == (0, 0, 0)
    for document in (answer, own):
        gone = await here.stored(document["id"])
        assert gone is not None
        assert gone.deleted_at is not None
    assert await here.db.read(follows.of_actor, her.id) == []
    assert not [row for row in await here.rows("notifications") if her.id in row]
    assert await here.rows("likes") == []
    left = await stands(here, ana)
    assert (left.gone_at is not None, left.name, left.avatar) == (True, FORMER, None)


async def test_doing_it_again_changes_nothing(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    words = await here.post(alice, "what alice says")
    await give(here, ana, b.activity(ana, "Like", words.uri))
    await give(here, ana, b.activity(ana, "Delete", ana.uri))
    before = await here.digest()
    await here.db.write(actor_left, actor_id=(await stands(here, ana)).id)
    await remove_the_rest(here.fetcher, (await stands(here, ana)).id)
    assert await here.digest() == before


@pytest.mark.interop(
    "Delete{Person}", "in", "without a key: believed once the actor answers 410", peer="a stranger"
)
async def test_S24_a_farewell_without_a_key_is_looked_at(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    b.pages[ana.path] = Page(status=410)
    await said_nothing(here, ana)
    assert (await stands(here, ana)).gone_at is not None


async def test_S24_a_farewell_without_a_key_is_never_believed_unseen(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    """ana is there: nobody else's key makes her gone, and not her own server's word for her."""
    await said_nothing(here, ana)
    body = orjson.dumps(b.activity(ana, "Delete", ana.uri))
    headers = e.signed(mallory, here.inbox, body)
    assert (await e.send(here.inbox, body, headers)).status in {401, 403}
    await here.drain()
    assert (await stands(here, ana)).gone_at is None


async def test_S24_a_404_is_looked_at_twice(here: Home, b: Stranger, ana: Person) -> None:
    b.pages[ana.path] = Page(status=404)
    await said_nothing(here, ana)
    missing = await stands(here, ana)
    assert (missing.gone_at, missing.missing_since is not None) == (None, True)
    await here.db.write(lambda tx: tx.run(_MISSING, key=missing.id))
    await here.db.write(_forget_pauses)
    await look_at(here.fetcher, ana.uri, said=True)
    assert (await stands(here, ana)).gone_at is not None


async def test_a_410_without_a_word_is_looked_at_twice(
    here: Home, b: Stranger, ana: Person
) -> None:
    b.pages[ana.path] = Page(status=410)
    for _ in range(2):
        await here.db.write(_forget_pauses)
        await look_at(here.fetcher, ana.uri)
    missing = await stands(here, ana)
    assert (missing.gone_at, missing.missing_since is not None) == (None, True)
    await here.db.write(lambda tx: tx.run(_MISSING, key=missing.id))
    await here.db.write(_forget_pauses)
    await look_at(here.fetcher, ana.uri)
    assert (await stands(here, ana)).gone_at is not None
    assert GONE_AFTER_MS == 86_400_000


async def test_who_is_there_again_is_not_missing(here: Home, b: Stranger, ana: Person) -> None:
    page = b.pages[ana.path]
    b.pages[ana.path] = Page(status=410)
    await look_at(here.fetcher, ana.uri)
    b.pages[ana.path] = page
    await here.db.write(_forget_pauses)
    await look_at(here.fetcher, ana.uri)
    assert (await stands(here, ana)).missing_since is None


async def test_nobody_says_that_somebody_else_is_gone(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, bo_on_b: Person
) -> None:
    await give(here, bo_on_b, b.activity(bo_on_b, "Delete", ana.uri))
    await give(here, mallory, e.activity(mallory, "Delete", ana.uri))
    assert (await stands(here, ana)).gone_at is None


@pytest.fixture
async def bo_on_b(here: Home, b: Stranger) -> Person:
    person = b.person("bo", key=2)
    await known(here, person)
    return person


async def test_of_who_is_gone_nothing_is_taken(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    await give(here, ana, b.activity(ana, "Delete", ana.uri))
    here.restart()
    note: Document = b.note(ana)
    body = orjson.dumps(b.activity(ana, "Create", note))
    answer = await b.send(here.inbox, body, b.signed(ana, here.inbox, body))
    assert answer.status == 401
    assert await here.stored(note["id"]) is None


async def test_private_words_go_as_well(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    note = b.note(ana, to=[alice.uri], cc=[], tag=[{"type": "Mention", "href": alice.uri}])
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.kind is Kind.DIRECT
    await give(here, ana, b.activity(ana, "Delete", ana.uri))
    gone = await here.db.read(posts.by_id, row.id)
    assert gone is not None
    assert gone.deleted_at is not None
