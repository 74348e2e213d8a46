"""What each type of activity does here, in every form in which servers send it."""

from typing import Any

import orjson
import pytest

from domain.audience import Kind
from domain.kinds import FollowState, IntakeState, NotificationKind
from social.follows import follow
from storage.queries import actors, follows
from storage.views.actors import ActorView
from tests.inbox.giving import dropped, give, known
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import PUBLIC, Page, Person, Stranger


async def told(here: Home) -> list[NotificationKind]:
    return [row[2] for row in sorted(await here.rows("notifications"))]


# Follow, Accept, Reject, Undo.


@pytest.mark.interop("Follow", "in", "waits for an answer", peer="a stranger")
async def test_a_follow_from_elsewhere_asks(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    activity = b.activity(ana, "Follow", alice.uri)
    await give(here, ana, activity)
    row = await here.db.read(follows.find, (await known(here, ana)).id, alice.id)
    assert row is not None
    assert (row.state, row.uri) == (FollowState.PENDING, activity["id"])
    assert await told(here) == [NotificationKind.FOLLOW_REQUEST]


@pytest.mark.parametrize("target", ["absent", "elsewhere", "himself"])
async def test_a_follow_of_nobody_here_is_dropped(
    here: Home, b: Stranger, ana: Person, target: str
) -> None:
    uri = {
        "absent": here.node.actor(7),
        "elsewhere": "https://c.example/users/cy",
        "himself": ana.uri,
    }[target]
    before = await here.digest(without=LEDGER)
    await give(here, ana, b.activity(ana, "Follow", uri))
    assert await dropped(here) is not None
    assert await here.digest(without=LEDGER) == before


async def ask(here: Home, alice: ActorView, person: Person) -> tuple[ActorView, str]:
    """Alice asks to follow; who is asked, and the id of the Follow."""
    target = await known(here, person)
    await here.db.write(follow, node=here.node, follower_id=alice.id, target_id=target.id)
    row = await here.db.read(follows.find, alice.id, target.id)
    assert row is not None
    assert row.state is FollowState.PENDING
    return target, row.uri


@pytest.mark.interop(
    "Accept{Follow}", "in", "with the Follow whole, or its id, or without one", peer="a stranger"
)
@pytest.mark.interop(
    "Reject{Follow}", "in", "with the Follow whole, or its id, or without one", peer="a stranger"
)
@pytest.mark.parametrize("form", ["whole", "id", "without id", "foreign id"])
@pytest.mark.parametrize("kind", ["Accept", "Reject"])
async def test_an_answer_to_our_follow_is_understood_in_every_form(
    here: Home, b: Stranger, ana: Person, alice: ActorView, kind: str, form: str
) -> None:
    target, uri = await ask(here, alice, ana)
    whole = {"id": uri, "type": "Follow", "actor": alice.uri, "object": ana.uri}
    inner: Any = {
        "whole": whole,
        "id": uri,
        "without id": {name: value for name, value in whole.items() if name != "id"},
        "foreign id": whole | {"id": b.url("/follows/1")},
    }[form]
    await give(here, ana, b.activity(ana, kind, inner))
    assert await dropped(here) is None
    row = await here.db.read(follows.find, alice.id, target.id)
    assert (row is not None and row.is_accepted) is (kind == "Accept")
    assert (row is None) is (kind == "Reject")


@pytest.mark.interop(
    "Accept{Follow}", "in", "refused: by anybody but who was asked", peer="a stranger"
)
@pytest.mark.parametrize("kind", ["Accept", "Reject"])
async def test_nobody_answers_for_somebody_else(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView, kind: str
) -> None:
    _, uri = await ask(here, alice, ana)
    whole = {"id": uri, "type": "Follow", "actor": alice.uri, "object": ana.uri}
    before = await here.digest(without=LEDGER)
    for inner in (uri, whole, whole | {"object": mallory.uri}, here.node.activity(5), alice.uri):
        await give(here, mallory, e.activity(mallory, kind, inner))
        assert await dropped(here) is not None
    assert await here.digest(without=LEDGER) == before


@pytest.mark.interop("Accept{Follow}", "in", "dropped: nobody asked", peer="a stranger")
async def test_an_accept_that_nobody_asked_for_makes_no_follow(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    whole = {"type": "Follow", "actor": alice.uri, "object": ana.uri}
    before = await here.digest(without=LEDGER)
    await give(here, ana, b.activity(ana, "Accept", whole))
    assert await here.digest(without=LEDGER) == before


@pytest.mark.interop("Undo{Follow}", "in", "ends the follow", peer="a stranger")
@pytest.mark.parametrize("form", ["whole", "without id"])
async def test_a_follow_is_undone(
    here: Home, b: Stranger, ana: Person, alice: ActorView, form: str
) -> None:
    asked = b.activity(ana, "Follow", alice.uri)
    await give(here, ana, asked)
    inner = asked if form == "whole" else {k: v for k, v in asked.items() if k != "id"}
    await give(here, ana, b.activity(ana, "Undo", inner))
    assert await here.rows("follows") == []


@pytest.mark.interop("Undo{Follow}", "in", "refused: somebody else's", peer="a stranger")
async def test_nobody_undoes_the_follow_of_somebody_else(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    asked = b.activity(ana, "Follow", alice.uri)
    await give(here, ana, asked)
    before = await here.digest(without=LEDGER)
    bo = b.person("bo", key=2)
    await known(here, bo)
    before = await here.digest(without=LEDGER)
    for person in (mallory, bo):
        for inner in (asked, asked | {"id": person.server.url("/x")}):
            await give(here, person, person.server.activity(person, "Undo", inner))
            assert await dropped(here) is not None
    assert await here.digest(without=LEDGER) == before


# Create, Update, Delete.


@pytest.mark.interop("Create{Note}", "in", "a post of somebody followed", peer="a stranger")
async def test_a_post_of_somebody_followed_is_stored(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana, content="<p>Hi<script>x</script></p>")
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert (row.content, row.kind, row.is_local) == ("<p>Hi</p>", Kind.PUBLIC, False)
    assert row.author_id == (await known(here, ana)).id


@pytest.mark.parametrize("kind", ["Comment", "Quotation", "Review"])
@pytest.mark.interop("Create{Comment}", "in", "a post, as from BookWyrm", peer="a stranger")
@pytest.mark.interop("Create{Quotation}", "in", "a post, as from BookWyrm", peer="a stranger")
@pytest.mark.interop("Create{Review}", "in", "a post, as from BookWyrm", peer="a stranger")
async def test_a_kind_that_another_server_made_up_is_a_post(
    here: Home, b: Stranger, ana: Person, alice: ActorView, kind: str
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana, type=kind, name="On a book", content="<p>worth it</p>")
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert "worth it" in row.content


async def test_a_post_that_names_somebody_here_is_stored_and_told(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    mention = {"type": "Mention", "href": alice.uri, "name": "@alice"}
    note = b.note(ana, to=[alice.uri], cc=[], tag=mention)
    await give(here, ana, b.activity(ana, "Create", note))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.kind is Kind.DIRECT
    assert await told(here) == [NotificationKind.MENTION]


async def test_a_post_that_concerns_nobody_is_dropped(here: Home, b: Stranger, ana: Person) -> None:
    before = await here.digest(without=LEDGER)
    await give(here, ana, b.activity(ana, "Create", b.note(ana)))
    assert await dropped(here) == "the post concerns nobody here"
    assert await here.digest(without=LEDGER) == before


@pytest.mark.interop(
    "Create with an id", "in", "the post is fetched from its server", peer="a stranger"
)
@pytest.mark.parametrize("form", ["id", "id in an object"])
async def test_a_post_that_came_as_an_id_is_fetched_from_its_server(
    here: Home, b: Stranger, ana: Person, alice: ActorView, form: str
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    about = note["id"] if form == "id" else {"id": note["id"]}
    await give(here, ana, b.activity(ana, "Create", about))
    assert await here.stored(note["id"]) is not None


async def test_a_server_that_fails_is_asked_again_later(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    b.pages["/notes/late"] = Page(status=503)
    await give(here, ana, b.activity(ana, "Create", b.url("/notes/late")))
    (job,) = [row for row in await here.rows("jobs") if row[1] == "process"]
    assert job[6] > 0  # run_at, later
    assert (await here.rows("intake"))[0][5] is IntakeState.QUEUED


async def test_a_post_addressed_by_its_activity_alone_keeps_that_audience(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    del note["to"], note["cc"]
    await give(here, ana, b.activity(ana, "Create", note, to=[ana.document["followers"]]))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.kind is Kind.FOLLOWERS


@pytest.mark.interop("Update{Note}", "in", "the new words", peer="a stranger")
async def test_a_post_is_changed_by_its_author(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", note))
    edited = note | {"content": "<p>other</p>", "updated": "2026-11-22T11:00:00Z"}
    await give(here, ana, b.activity(ana, "Update", edited))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.content == "<p>other</p>"
    assert row.edited_at is not None


@pytest.mark.interop("Delete by id", "in", "unreadable at once", peer="a stranger")
@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="a stranger")
@pytest.mark.parametrize("form", ["id", "Tombstone"])
async def test_a_post_is_deleted_by_its_author(
    here: Home, b: Stranger, ana: Person, alice: ActorView, form: str
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", note))
    about = note["id"] if form == "id" else {"id": note["id"], "type": "Tombstone"}
    await give(here, ana, b.activity(ana, "Delete", about))
    row = await here.stored(note["id"])
    assert row is None or row.deleted_at is not None
    again = b.activity(ana, "Create", note)
    await give(here, ana, again)
    row = await here.stored(note["id"])
    assert row is None or row.deleted_at is not None


async def test_an_actor_that_leaves_takes_its_words_along(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = b.note(ana)
    await give(here, ana, b.activity(ana, "Create", note))
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    await give(here, ana, b.activity(ana, "Delete", ana.uri))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.deleted_at is not None
    assert await here.rows("follows") == []
    gone = await here.db.read(actors.by_uri, ana.uri)
    assert gone is not None
    assert gone.gone_at is not None


async def test_what_waited_when_its_signer_left_has_no_effect(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
    await here.db.write(actors.mark_gone, (await known(here, ana)).id)
    await here.drain()
    assert await dropped(here) == "the signer is gone"
    assert await here.rows("follows") == []


async def test_an_actor_changes_itself(here: Home, b: Stranger, ana: Person) -> None:
    ana.document |= {"name": "Ana B.", "summary": "<p>new</p>"}
    await give(here, ana, b.activity(ana, "Update", ana.document))
    now = await known(here, ana)
    assert (now.name, now.summary) == ("Ana B.", "<p>new</p>")
    assert b.fetches(ana.path) == 1  # what was signed is what is stored


@pytest.mark.interop(
    "New keys", "in", "told by Update{Person}, used from then on", peer="a stranger"
)
async def test_a_key_that_an_actor_announces_is_used_from_then_on(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    old = ana.key
    ana.rotate(3)
    update = b.activity(ana, "Update", ana.document)
    body = orjson.dumps(update)
    signed = b.signed(ana, here.inbox, body, key=old)
    assert (await b.send(here.inbox, body, signed)).status == 202
    await here.drain()
    here.restart()
    await give(here, ana, b.activity(ana, "Follow", alice.uri))
    assert b.fetches(ana.path) == 1


# Announce and Like.


@pytest.mark.interop("Like", "in", "is counted and told", peer="a stranger")
@pytest.mark.interop("Undo{Like}", "in", "is counted no more", peer="a stranger")
async def test_a_like_is_counted_told_and_taken_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    post = await here.post(alice, "words")
    like = b.activity(ana, "Like", post.uri)
    await give(here, ana, like)
    assert (await here.stored(post.uri)).likes_count == 1  # type: ignore[union-attr]
    assert await told(here) == [NotificationKind.LIKE]
    await give(here, ana, b.activity(ana, "Undo", like["id"]))
    assert (await here.stored(post.uri)).likes_count == 0  # type: ignore[union-attr]


@pytest.mark.interop("Announce", "in", "a share: is counted and told", peer="a stranger")
@pytest.mark.interop("Undo{Announce}", "in", "is counted no more", peer="a stranger")
async def test_a_share_is_counted_told_and_taken_back(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    post = await here.post(alice, "words")
    share = b.activity(ana, "Announce", post.uri, to=[PUBLIC])
    await give(here, ana, share)
    assert (await here.stored(post.uri)).shares_count == 1  # type: ignore[union-attr]
    assert await told(here) == [NotificationKind.SHARE]
    await give(here, ana, b.activity(ana, "Undo", share))
    assert (await here.stored(post.uri)).shares_count == 0  # type: ignore[union-attr]


@pytest.mark.interop(
    "Announce", "in", "what is shared is fetched from its own server", peer="a stranger"
)
async def test_a_share_of_an_unknown_post_fetches_it_from_its_own_server(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = e.note(mallory)
    lie = note | {"content": "<p>never said</p>"}
    await give(here, ana, b.activity(ana, "Announce", lie))
    row = await here.stored(note["id"])
    assert row is not None
    assert row.content == "<p>hello</p>"
    assert row.author_id == (await known(here, mallory)).id
    assert next(seen for seen in e.seen if seen.path == "/notes/1").headers["signature"]


async def test_a_share_by_somebody_whom_nobody_follows_fetches_nothing(
    here: Home, b: Stranger, e: Stranger, ana: Person, mallory: Person
) -> None:
    note = e.note(mallory)
    asked = len(e.seen)
    before = await here.digest(without=LEDGER)
    await give(here, ana, b.activity(ana, "Announce", note["id"]))
    assert len(e.seen) == asked
    assert await here.digest(without=LEDGER) == before


async def test_a_share_from_a_server_that_is_not_admitted_is_not_fetched(
    here: Home, b: Stranger, x: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await known(here, ana))
    note = x.note(x.person("eve"))
    await give(here, ana, b.activity(ana, "Announce", note["id"]))
    assert x.seen == []
    assert await here.stored(note["id"]) is None
