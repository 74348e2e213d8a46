"""What somebody else delivers: its actor's own proof is believed, anything else is looked up."""

from typing import Any

import orjson
import pytest
from sqlalchemy import delete

from activitypub.proofs import add_proof
from federation.discovery import find_actor
from inbox import forwarded
from inbox.forwarded import LOOK
from social import attempts
from social.attempts import Attempt
from storage.tables.actors import key_fetches
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.giving import give, known, refuse
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import AS2, PUBLIC, Document, Page, Person, Stranger, ed25519

PROOFS = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]
_REST_IS_OVER = delete(key_fetches)


@pytest.fixture
async def prover(here: Home, b: Stranger) -> Person:
    """Petra on B, who proves what she says."""
    uri = b.url("/users/petra")
    key = {
        "id": f"{uri}#ed25519-key",
        "type": "Multikey",
        "controller": uri,
        "publicKeyMultibase": ed25519(3).public.multikey(),
    }
    person = b.person("petra", key=2, assertionMethod=[key])
    await find_actor(here.fetcher, uri)
    return person


@pytest.fixture
async def root(here: Home, alice: ActorView) -> PostRow:
    return await here.post(alice, "what do you think?")


def proven(person: Person, activity: Document, key: int = 3) -> Document:
    """An activity with its actor's proof, made now."""
    private = ed25519(key).ed25519
    made = person.server.now().replace(microsecond=0)
    return add_proof(activity | {"@context": PROOFS}, private, f"{person.uri}#ed25519-key", made)


def ld_signed(document: Document) -> Document:
    return document | {
        "signature": {
            "type": "RsaSignature2017",
            "creator": f"{document['actor']}#main-key",
            "created": "2026-11-22T10:00:00Z",
            "signatureValue": "AAAA",
        }
    }


def answer(person: Person, root: PostRow, path: str = "/answer", **more: Any) -> Document:
    note = person.server.note(person, path, inReplyTo=root.uri, **more)
    return person.server.activity(person, "Create", note, to=[PUBLIC])


async def forward(here: Home, by: Person, activity: Document) -> None:
    assert (await by.server.deliver(by, here.inbox, activity)).status == 202
    await here.drain()


def forged(activity: Document, **words: Any) -> Document:
    """What the forwarder would have its object say."""
    return activity | {"object": activity["object"] | words}


async def content(here: Home, activity: Document) -> str | None:
    row = await here.stored(str(activity["object"]["id"]))
    return None if row is None or row.deleted_at is not None else row.content


# By proof.


@pytest.mark.interop(
    "Create{Note}", "in", "forwarded with a FEP-8b32 proof: taken", peer="a stranger"
)
async def test_S17_a_proof_by_its_actor_makes_it_its_actors_word(
    here: Home, b: Stranger, prover: Person, mallory: Person, root: PostRow
) -> None:
    create = proven(prover, answer(prover, root))
    await forward(here, mallory, create)
    assert await content(here, create) == "<p>hello</p>"
    assert b.fetches("/answer") == 0
    row = await here.stored(create["object"]["id"])
    assert row is not None
    assert row.author_id == (await known(here, prover)).id
    await give(here, prover, create)
    assert len(await here.rows("intake")) == 1, "the same activity, whoever brought it"


@pytest.mark.parametrize("how", ["altered", "another key", "another actor's", "old"])
async def test_S17_a_proof_that_does_not_hold_is_no_proof(
    here: Home, b: Stranger, prover: Person, mallory: Person, root: PostRow, how: str
) -> None:
    create = answer(prover, root)
    if how == "altered":
        create = forged(proven(prover, create), content="<p>bought by mallory</p>")
    elif how == "another key":
        create = proven(prover, forged(create, content="<p>bought by mallory</p>"), key=4)
    elif how == "another actor's":
        create = proven(mallory, forged(create, content="<p>bought by mallory</p>"))
    else:
        moment = b.now().replace(year=2025)
        b.now = lambda: moment
        create = proven(prover, forged(create, content="<p>bought by mallory</p>"))
    await forward(here, mallory, create)
    assert b.fetches("/answer") == 1, "looked up where it lies"
    assert await content(here, create) == "<p>hello</p>"


# By looking it up.


@pytest.mark.both
@pytest.mark.interop(
    "Create{Note}", "in", "forwarded with an LD signature: fetched, not believed", peer="a stranger"
)
async def test_S17_an_ld_signed_answer_is_fetched_and_not_believed(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow
) -> None:
    create = answer(ana, root)
    await forward(here, mallory, forged(ld_signed(create), content="<p>bought by mallory</p>"))
    assert await content(here, create) == "<p>hello</p>"
    assert [row[2].name for row in await here.rows("notifications")] == []
    await give(here, ana, create)
    assert [row[2] for row in await here.rows("intake")] == [create["id"]], "nothing was claimed"


async def test_S17_what_its_server_does_not_show_is_dropped(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow
) -> None:
    create = answer(ana, root)
    del b.pages["/answer"]
    before = await here.digest(without=LEDGER | {"jobs"})
    await forward(here, mallory, ld_signed(create))
    assert await here.digest(without=LEDGER | {"jobs"}) == before
    assert LOOK not in [row[1] for row in await here.rows("jobs")]


async def test_S17_an_edit_is_what_its_server_shows(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow
) -> None:
    create = answer(ana, root)
    await give(here, ana, create)
    b.note(
        ana, "/answer", inReplyTo=root.uri, content="<p>better</p>", updated="2026-11-02T10:00:00Z"
    )
    update = b.activity(ana, "Update", create["object"] | {"content": "<p>x</p>"}, to=[PUBLIC])
    await forward(here, mallory, ld_signed(update))
    assert await content(here, create) == "<p>better</p>"


@pytest.mark.parametrize("how", ["410", "404", "tombstone"])
async def test_S17_a_deletion_is_believed_of_its_server_alone(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow, how: str
) -> None:
    create = answer(ana, root)
    await give(here, ana, create)
    tombstone = {"id": create["object"]["id"], "type": "Tombstone"}
    told = ld_signed(b.activity(ana, "Delete", tombstone, to=[PUBLIC]))
    await forward(here, mallory, told)
    assert await content(here, create) == "<p>hello</p>", "it is still there"
    await here.db.write(lambda tx: tx.run(_REST_IS_OVER))
    gone = {
        "410": Page(status=410),
        "404": Page(status=404),
        "tombstone": Page(tombstone, type=AS2),
    }
    b.pages["/answer"] = gone[how]
    await forward(here, mallory, told)
    assert await content(here, create) is None


# What may not come so.


async def test_S17_nobody_makes_us_ask_for_what_is_not_ours_to_know(
    here: Home,
    b: Stranger,
    x: Stranger,
    ana: Person,
    mallory: Person,
    root: PostRow,
    alice: ActorView,
) -> None:
    xena = x.person("xena")
    alone = b.activity(ana, "Create", b.note(ana, "/answer"), to=[PUBLIC])
    letter = answer(ana, root, to=[alice.uri], cc=[]) | {"to": [alice.uri]}
    refused = [
        alone,
        letter,
        answer(ana, root) | {"audience": [b.url("/club")]},
        b.activity(ana, "Update", b.note(ana, "/other"), to=[PUBLIC]),
        b.activity(ana, "Delete", b.url("/answer"), to=[PUBLIC]),
        b.activity(ana, "Follow", alice.uri, to=[PUBLIC]),
        b.activity(ana, "Like", root.uri, to=[PUBLIC]),
        answer(xena, root),
        answer(ana, root) | {"id": "http://elsewhere.example/1"},
        b.activity(ana, "Delete", root.uri, to=[PUBLIC]),
    ]
    for activity in refused:
        body = orjson.dumps(ld_signed(activity))
        signed = mallory.server.signed(mallory, here.inbox, body)
        await refuse(here, mallory.server, body, signed, 403)
    assert b.fetches("/answer") == 0
    assert x.seen == []


async def test_S17_one_object_is_looked_at_once_in_a_while(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow
) -> None:
    create = answer(ana, root)
    del b.pages["/answer"]
    for _ in range(5):
        await forward(here, mallory, ld_signed(create))
    assert b.fetches("/answer") == 1


async def test_D22_a_server_that_forwards_too_much_is_not_listened_to(
    here: Home, b: Stranger, ana: Person, mallory: Person, root: PostRow
) -> None:
    here_pace = forwarded.PACE
    subject = Attempt("forwarded", str((await known(here, mallory)).origin_id), here_pace)
    await here.db.write(attempts.take, [subject] * here_pace.burst)
    create = answer(ana, root)
    await forward(here, mallory, ld_signed(create))
    assert b.fetches("/answer") == 0
    await here.db.write(attempts.forget, subject)
    await forward(here, mallory, ld_signed(create))
    assert await content(here, create) == "<p>hello</p>"
