"""A thread is made whole from other servers: what is found, how often we ask, and what is told."""

import pytest
from sqlalchemy import delete

from social import completing
from social.completing import AGAIN_MS, Completed, Gaps, complete_thread, want_thread
from storage.queries import threads
from storage.tables.actors import key_fetches
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.inbox.completing import collect, complete, opened, texts
from tests.inbox.giving import give, known
from tests.inbox.home import Home
from tests.support.stranger import PUBLIC, Document, Page, Person, Seen, Stranger

_REST_IS_OVER = delete(key_fetches)


# What is found.


@pytest.mark.both
@pytest.mark.interop(
    "context", "in", "the thread is fetched, each post from its server", peer="a stranger"
)
async def test_the_thread_is_fetched_from_its_collection(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    first = e.note(mallory, inReplyTo=root["id"])
    second = b.note(ana, inReplyTo=first["id"])
    collect(b, "/thread", [root["id"], second["id"], first["id"]], attributedTo=ana.uri)
    assert await complete(here, root) == Completed(2, missing=False)
    rows = [await here.stored(str(note["id"])) for note in (root, first, second)]
    assert len({row.root_id for row in rows if row is not None}) == 1
    assert await here.rows("notifications") == []
    assert await here.rows("home_entries") == []


@pytest.mark.interop("replies", "in", "answers are fetched, and answers to them", peer="a stranger")
async def test_answers_are_fetched_from_the_collections_of_answers(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    page = {"type": "CollectionPage", "items": [], "next": b.url("/answers/page")}
    inside = {"id": b.url("/answers"), "type": "Collection", "first": page}
    root = b.note(ana, "/root", replies=inside)
    b.add("/answers", inside)
    first = e.note(mallory, inReplyTo=root["id"], replies=e.url("/more"))
    listed = {"type": "CollectionPage", "items": [first]}  # whole objects are read as their ids
    b.add("/answers/page", listed)
    second = e.note(mallory, inReplyTo=first["id"])
    collect(e, "/more", [second["id"]])
    assert await complete(here, root) == Completed(2, missing=False)
    assert {first["id"], second["id"]} <= await texts(here)


async def test_an_answer_to_what_nobody_listed_brings_that_along(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", context=b.url("/thread"))
    between = b.note(ana, inReplyTo=root["id"])
    last = b.note(ana, inReplyTo=between["id"])
    collect(b, "/thread", [last["id"]])
    assert await complete(here, root) == Completed(2, missing=False)


async def test_an_answer_under_another_address_is_kept_under_its_id(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    answer = b.note(ana, "/answer", inReplyTo=root["id"])
    b.pages["/@ana/1"] = b.pages["/answer"]
    collect(b, "/answers", [b.url("/@ana/1"), answer["id"]])
    assert await complete(here, root) == Completed(1, missing=False)


async def test_a_thread_that_was_not_here_is_completed_when_an_answer_comes(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    root = b.note(ana, "/root", replies=b.url("/answers"))
    other, came = b.note(ana, inReplyTo=root["id"]), b.note(ana, inReplyTo=root["id"])
    collect(b, "/answers", [other["id"], came["id"]])
    await give(here, ana, b.activity(ana, "Create", came))
    assert {root["id"], other["id"], came["id"]} <= await texts(here)


async def test_answers_of_others_to_our_own_thread_are_fetched(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    ours = await here.post(alice, "what do you think?")
    answer = b.note(ana, inReplyTo=ours.uri, to=[alice.uri], cc=[PUBLIC], replies=b.url("/more"))
    further = e.note(mallory, inReplyTo=answer["id"])
    collect(b, "/more", [further["id"], ours.uri])
    await give(here, ana, b.activity(ana, "Create", answer))
    done = await complete_thread(here.fetcher, root_id=ours.id)
    assert done == Completed(1, missing=False)
    assert b.fetches("/t/") == 0
    row = await here.stored(str(further["id"]))
    assert row is not None
    assert row.root_id == ours.id


@pytest.mark.interop(
    "context", "in", "a thread in Mastodon's shapes is fetched", peer="scripted Mastodon"
)
async def test_mastodons_context_and_replies_are_read(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    """Pages inside the collection, the author's own answers first, then a page of others'."""
    at, others = "/users/ana/statuses/1/replies", "only_other_accounts=true&page=true"
    own = b.note(ana, inReplyTo=b.url("/users/ana/statuses/1"))
    theirs = e.note(mallory, inReplyTo=b.url("/users/ana/statuses/1"))
    first = {
        "type": "CollectionPage",
        "next": b.url(f"{at}?{others}"),
        "partOf": b.url(at),
        "items": [own["id"]],
    }
    replies = {"id": b.url(at), "type": "Collection", "first": first}

    def answer(seen: Seen) -> Page:
        if not seen.query:
            return Page({"@context": ana.document["@context"], **replies})
        url = b.url(f"{at}?{seen.query}")
        return Page({"id": url, "type": "CollectionPage", "items": [theirs["id"]]})

    b.pages[at] = answer
    context = b.url("/contexts/1-1")
    whole = {"type": "Collection", "attributedTo": ana.uri, "first": {**first, "next": None}}
    b.add("/contexts/1-1", whole)
    root = b.note(ana, "/users/ana/statuses/1", context=context, replies=replies)
    assert await complete(here, root) == Completed(2, missing=False)
    assert {own["id"], theirs["id"]} <= await texts(here)


@pytest.mark.interop(
    "context", "in", "a topic is fetched from its collection", peer="scripted NodeBB"
)
async def test_a_topic_of_nodebb_is_read(here: Home, b: Stranger, ana: Person) -> None:
    """An ordered collection with everything on it, and a page that repeats it."""
    topic = b.url("/topic/7")
    root = b.note(ana, "/post/1", context=topic)
    answer = b.note(ana, "/post/2", inReplyTo=root["id"], context=topic)
    page: Document = {
        "id": f"{topic}?page=1",
        "type": "OrderedCollectionPage",
        "partOf": topic,
        "orderedItems": [root["id"], answer["id"]],
    }

    def answers(seen: Seen) -> Page:
        whole = {"id": topic, "type": "OrderedCollection", "first": f"{topic}?page=1"}
        return Page(page if seen.query else whole | {"last": f"{topic}?page=1"})

    b.pages["/topic/7"] = answers
    assert await complete(here, root) == Completed(1, missing=False)


# How often, and what is told.


async def test_one_thread_is_asked_for_once_in_a_while(
    here: Home, b: Stranger, ana: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [b.note(ana, inReplyTo=root["id"])["id"]])
    row = await opened(here, root)
    assert (await here.db.read(completing.gaps, row.id)).is_due
    assert await here.db.write(want_thread, row.id)
    during = await here.db.read(completing.gaps, row.id)
    assert (during.is_running, during.is_due) == (True, False)
    assert not await here.db.write(want_thread, row.id)
    await here.drain()
    assert await here.db.read(completing.gaps, row.id) == Gaps(row.id, found=1)
    assert not await here.db.write(want_thread, row.id)
    assert b.fetches("/answers") == 1
    await here.db.write(_long_ago, row.id)
    assert (await here.db.read(completing.gaps, row.id)).is_due
    assert await here.db.write(want_thread, row.id)


def _long_ago(tx: Tx, root_id: int) -> None:
    threads.forget(tx, tx.now + AGAIN_MS)
    assert threads.asked(tx, root_id) is None


async def test_a_thread_that_names_no_collection_is_never_asked_for(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    plain, ours = await opened(here, b.note(ana)), await here.post(alice, "mine alone")
    for row in (plain, ours):
        assert await here.db.read(completing.gaps, row.id) == Gaps(row.id)
        assert not await here.db.write(want_thread, row.id)


async def test_what_could_not_be_had_is_told(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    root = b.note(ana, "/root", replies=b.url("/answers"))
    collect(b, "/answers", [e.url("/broken"), e.url("/deleted")])
    e.pages["/broken"] = Page(status=500)
    row = await opened(here, root)
    await here.db.write(want_thread, row.id)
    await here.drain()
    assert (await here.db.read(completing.gaps, row.id)).answers
    collect(b, "/answers", [e.url("/deleted")])
    await here.db.write(lambda tx: tx.run(_REST_IS_OVER))
    assert await complete(here, root) == Completed(0, missing=False), "what is gone is not missing"
    assert not (await here.db.read(completing.gaps, row.id)).answers


async def test_a_parent_that_is_not_here_is_told_and_asked_for_again(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    answer = b.note(ana, inReplyTo=b.url("/above"))
    await give(here, ana, b.activity(ana, "Create", answer))
    row = await here.stored(str(answer["id"]))
    assert row is not None
    gaps = await here.db.read(completing.gaps, row.id)
    assert (gaps.parent, gaps.is_due) == (True, True)
    b.note(ana, "/above")
    await here.db.write(lambda tx: tx.run(_REST_IS_OVER))
    await here.db.write(want_thread, row.id)
    await here.drain()
    whole = await here.stored(str(answer["id"]))
    above = await here.stored(b.url("/above"))
    assert whole is not None
    assert above is not None
    assert whole.root_id == above.id
    assert not (await here.db.read(completing.gaps, row.id)).parent
