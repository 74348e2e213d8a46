"""Who may say what about whom, and what is no post at all: rows O01 to O08, O12 and O17 of the
security catalogue, from door to database.

B is honest, E is hostile, both are admitted. Everything here is signed correctly by its sender, and
taken with 202: what is refused is refused by what it says.
"""

from typing import Any

import pytest

from storage.queries.keys import holder
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, in_vain, known, row_of
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Document, Page, Person, Stranger


@pytest.fixture
async def bo(here: Home, b: Stranger) -> Person:
    """Somebody else on B."""
    person = b.person("bo", key=2)
    await known(here, person)
    return person


@pytest.fixture
async def note(here: Home, b: Stranger, ana: Person, alice: ActorView) -> Document:
    """A post of ana's that is stored here, because alice follows her."""
    await here.follow(alice, await known(here, ana))
    document = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", document))
    return document


# O01, O02: an object is what its own server serves at its id.


async def test_O01_a_lying_id_is_stored_under_nobody(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, mallory))
    wanted = b.url("/notes/99")
    for number, kind in enumerate(("Create", "Announce", "Update")):
        for author in (ana, mallory):
            path = f"/lies/{number}/{author.handle}"
            e.note(mallory, path, id=wanted, attributedTo=author.uri)
            await in_vain(here, mallory, e.activity(mallory, kind, e.url(path)))
    assert await here.rows("posts") == []


async def test_O01_an_honest_id_is_stored(
    here: Home, e: Stranger, mallory: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, mallory))
    document = e.note(mallory)
    await give(here, mallory, e.activity(mallory, "Announce", document["id"]))
    assert await here.stored(document["id"]) is not None


@pytest.mark.parametrize("media", ["application/json", "text/plain", "image/png", "text/html"])
async def test_O02_an_uploaded_file_is_no_post(
    here: Home, b: Stranger, ana: Person, alice: ActorView, media: str
) -> None:
    await here.follow(alice, await known(here, ana))
    document = b.note(ana, "/media/upload")
    b.pages["/media/upload"] = Page(document, type=media)
    await give(
        here,
        ana,
        b.activity(ana, "Create", document["id"]),
        b.activity(ana, "Announce", document["id"]),
    )
    assert await here.rows("posts") == []


# O04: a post belongs to whom it was first seen from.


async def test_O04_a_foreign_update_has_no_effect(
    here: Home,
    b: Stranger,
    e: Stranger,
    ana: Person,
    bo: Person,
    mallory: Person,
    note: Document,
) -> None:
    for person in (bo, mallory):
        edited = note | {"content": "<p>other</p>", "updated": "2026-11-20T10:00:00Z"}
        for about in (
            edited,
            edited | {"attributedTo": person.uri},
            {"id": note["id"], "content": "<p>other</p>"},
            note["id"],
        ):
            await in_vain(here, person, person.server.activity(person, "Update", about))
    assert (await row_of(here, note)).content == "<p>hello</p>"
    mine = b.activity(ana, "Update", note | {"content": "<p>mine</p>"})
    await give(here, ana, mine)
    assert (await row_of(here, note)).content == "<p>mine</p>"


async def test_O04_a_foreign_create_does_not_replace_a_post(
    here: Home, b: Stranger, ana: Person, bo: Person, note: Document
) -> None:
    stolen = note | {"attributedTo": bo.uri, "content": "<p>mine now</p>"}
    await in_vain(here, bo, b.activity(bo, "Create", stolen))
    assert (await row_of(here, note)).author_id == (await known(here, ana)).id


async def test_O04_a_foreign_delete_has_no_effect(
    here: Home,
    b: Stranger,
    ana: Person,
    bo: Person,
    mallory: Person,
    alice: ActorView,
    note: Document,
) -> None:
    ours = await here.post(alice, "words")
    for person in (bo, mallory):
        for about in (note["id"], {"id": note["id"], "type": "Tombstone"}, ana.uri):
            await in_vain(here, person, person.server.activity(person, "Delete", about))
    for person in (ana, mallory):
        for uri in (ours.uri, alice.uri):
            await in_vain(here, person, person.server.activity(person, "Delete", uri))
    assert (await row_of(here, note)).deleted_at is None
    await give(here, ana, b.activity(ana, "Delete", note["id"]))
    assert (await row_of(here, note)).deleted_at is not None


async def test_O04_our_own_posts_are_not_changed_from_outside(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    ours = await here.post(alice, "words")
    forged = {"id": ours.uri, "type": "Note", "attributedTo": alice.uri, "content": "x"}
    for about in (forged, forged | {"attributedTo": ana.uri}, ours.uri):
        await in_vain(here, ana, b.activity(ana, "Update", about), b.activity(ana, "Create", about))


# O07: an author signs what is attributed to her, on her own server.


async def test_O07_a_post_of_another_author_has_no_effect(
    here: Home,
    b: Stranger,
    e: Stranger,
    ana: Person,
    bo: Person,
    mallory: Person,
    alice: ActorView,
) -> None:
    for person in (ana, bo, mallory):
        await here.follow(alice, await known(here, person))
    by_ana = b.note(ana)
    await in_vain(here, bo, b.activity(bo, "Create", by_ana))
    await in_vain(here, mallory, e.activity(mallory, "Create", by_ana))
    elsewhere = e.note(mallory, "/x", attributedTo=ana.uri)
    await in_vain(here, mallory, e.activity(mallory, "Create", elsewhere))
    embedded = e.note(mallory, "/y", id=b.url("/y"))
    await in_vain(here, mallory, e.activity(mallory, "Create", embedded))
    assert await here.rows("posts") == []
    await give(here, ana, b.activity(ana, "Create", by_ana))  # the twin: her own, by herself
    await give(here, mallory, e.activity(mallory, "Create", e.note(mallory, "/z")))
    assert (await row_of(here, by_ana)).author_id == (await known(here, ana)).id
    assert len(await here.rows("posts")) == 2


# O08: an actor stays what it is.


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Group"},
        {"type": "Application"},
        {"type": "Note"},
        {"inbox": "https://elsewhere.example/inbox"},
        {"inbox": None},
        {"preferredUsername": "bo"},
        {"preferredUsername": "somebody"},
        {"preferredUsername": "a b"},
    ],
)
async def test_O08_an_actor_does_not_become_somebody_else(
    here: Home, b: Stranger, ana: Person, bo: Person, change: Document
) -> None:
    await in_vain(here, ana, b.activity(ana, "Update", ana.document | change))


@pytest.mark.interop(
    "Update{Person}", "in", "whether it may be discovered and searched", peer="a stranger"
)
async def test_an_actor_says_whether_it_may_be_found(
    here: Home, b: Stranger, ana: Person, mallory: Person
) -> None:
    was = await known(here, ana)
    assert (was.discoverable, was.indexable) == (False, False), "not said is no"
    wider = ana.document | {"discoverable": True, "indexable": True}
    await in_vain(here, mallory, mallory.server.activity(mallory, "Update", wider))
    for said in ((True, True), (True, False), (False, True), (False, False)):
        change = ana.document | dict(zip(("discoverable", "indexable"), said, strict=True))
        await give(here, ana, b.activity(ana, "Update", change))
        now = await known(here, ana)
        assert (now.discoverable, now.indexable) == said


@pytest.mark.interop("Update{Person}", "in", "name, bio, keys, pictures follow", peer="a stranger")
async def test_O08_an_actor_describes_only_itself(
    here: Home, b: Stranger, e: Stranger, ana: Person, bo: Person, mallory: Person
) -> None:
    renamed = ana.document | {"name": "Not Ana"}
    await in_vain(here, bo, b.activity(bo, "Update", renamed))
    await in_vain(here, mallory, e.activity(mallory, "Update", renamed))
    await in_vain(here, bo, b.activity(bo, "Update", renamed | {"id": bo.uri}))
    await give(here, ana, b.activity(ana, "Update", renamed))
    assert (await known(here, ana)).name == "Not Ana"


async def test_O08_a_key_with_another_owner_is_not_taken(
    here: Home, b: Stranger, ana: Person, bo: Person
) -> None:
    foreign = bo.document["publicKey"]
    await give(here, ana, b.activity(ana, "Update", ana.document | {"publicKey": foreign}))
    kept = await here.db.read(holder, bo.key_id)
    assert kept is not None
    assert kept.actor.uri == bo.uri
    stolen = foreign | {"owner": ana.uri}
    await give(here, ana, b.activity(ana, "Update", ana.document | {"publicKey": stolen}))
    kept = await here.db.read(holder, bo.key_id)
    assert kept is not None
    assert kept.actor.uri == bo.uri


async def test_O08_a_handle_changes_with_the_way_back(here: Home, b: Stranger, ana: Person) -> None:
    ana.document["preferredUsername"] = "anab"
    b.people["anab"] = ana
    await give(here, ana, b.activity(ana, "Update", ana.document))
    assert (await known(here, ana)).handle == "anab"


# O12, O17: what is no post, or an odd one.


async def test_O12_a_vote_is_no_post(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    post = await here.post(alice, "words")
    vote = b.note(ana, inReplyTo=post.uri, name="Yes", to=[alice.uri])
    del vote["content"]
    await in_vain(here, ana, b.activity(ana, "Create", vote))


@pytest.mark.parametrize(
    "about",
    [
        {"type": "Note"},
        {"id": "https://b.example/x#y", "type": "Note"},
        {"id": 7, "type": "Note"},
    ],
)
async def test_O17_a_misshapen_object_has_no_effect(
    here: Home, b: Stranger, ana: Person, alice: ActorView, about: Document
) -> None:
    await here.follow(alice, await known(here, ana))
    before = await here.digest(without=LEDGER)
    await b.deliver(ana, here.inbox, b.activity(ana, "Create", about))
    await here.drain()
    assert await here.digest(without=LEDGER) == before


@pytest.mark.parametrize("field", ["inReplyTo", "attributedTo", "to", "tag", "content", "type"])
@pytest.mark.parametrize("value", [7, None, True, {"a": 1}, ["x", 7, None], "x" * 5000])
async def test_O17_odd_members_of_a_post_never_break_anything(
    here: Home, b: Stranger, ana: Person, alice: ActorView, field: str, value: Any
) -> None:
    await here.follow(alice, await known(here, ana))
    document = b.note(ana, **{field: value})
    await give(here, ana, b.activity(ana, "Create", document))
    row = await here.stored(document["id"])
    assert (row is None) is (await dropped(here) is not None)
