"""Why new servers fail (facts: federation.md §6), 13 to 18: names, types, contexts, ids."""

from typing import Any

import pytest

from activitypub.json import PUBLIC
from domain.errors import Invalid
from domain.handles import check_new_handle
from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from storage.views.actors import ActorView
from tests.gotchas.talk import Talk
from tests.inbox.giving import dropped, give, in_vain
from tests.inbox.home import Home
from tests.support.stranger import AS2, CONTEXT, Page, Person, Stranger

AS_CONTEXT = "https://www.w3.org/ns/activitystreams"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@pytest.mark.parametrize(
    "handle", ["ana b", "ana!", "änne", ".ana", "ana-", "ana@b", "@ana"], ids=str.encode
)
async def test_gotcha_13_a_handle_is_one_everywhere(here: Home, b: Stranger, handle: str) -> None:
    with pytest.raises(Invalid):
        check_new_handle(handle)
    check_new_handle("ana.b-c_1")
    odd = b.person("odd")
    odd.document["preferredUsername"] = handle
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, odd.uri)
    assert (await find_actor(here.fetcher, b.person("Bo.b-c_1").uri)).handle == "Bo.b-c_1"


async def test_gotcha_14_documents_are_served_as_what_they_are(
    talk: Talk, here: Home, b: Stranger
) -> None:
    said = await talk.liv.say("typed")
    for address in (talk.liv.uri, said["uri"]):
        for accept in (AS2, LD, f"{AS2}, {LD}"):
            answer = await talk.node.ask("GET", address, headers={"Accept": accept})
            assert answer.headers["Content-Type"].startswith((AS2, "application/ld+json"))
            assert answer.json["id"] == address
    note = {"type": "Note", "content": "x"}
    for kind in ("text/html", "application/json", "image/png", "application/ld+json"):
        url = b.add(f"/as-{kind.replace('/', '-')}", note, type=kind)
        with pytest.raises(CannotFetch):
            await here.fetcher.document(url)
    assert (await here.fetcher.document(b.add("/right", note))).body["type"] == "Note"


async def test_gotcha_15_deliveries_are_activity_json(
    talk: Talk, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    await talk.liv.say("typed")
    seen, _ = await talk.heard("Create")
    assert seen.headers["content-type"] == AS2
    follow = b.activity(ana, "Follow", alice.uri)
    plain = await b.deliver(ana, here.inbox, follow, content_type="application/json")
    assert plain.status in {400, 406, 415}
    for kind in (AS2, LD, f"{AS2}; charset=utf-8"):
        follow = b.activity(ana, "Follow", alice.uri)
        assert (await b.deliver(ana, here.inbox, follow, content_type=kind)).status == 202


async def test_gotcha_16_the_context_stands_at_the_top(
    talk: Talk, here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    said = await talk.liv.say("in context")
    _, create = await talk.heard("Create")
    for document in (create, await talk.document(said["uri"]), await talk.document(talk.liv.uri)):
        context = document["@context"]
        assert (context if isinstance(context, str) else context[0]) == AS_CONTEXT
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    inside = b.note(ana)  # its own context, and none around it
    create = b.activity(ana, "Create", inside)
    del create["@context"]
    await give(here, ana, create)
    assert await here.stored(inside["id"]) is not None


async def test_gotcha_17_ids_are_there_and_on_the_sender_s_host(
    talk: Talk, here: Home, b: Stranger, e: Stranger, ana: Person, alice: ActorView
) -> None:
    await talk.liv.say("with ids")
    _, create = await talk.heard("Create")
    for one in (create, create["object"]):
        assert one["id"].startswith(f"{talk.node.origin}/")
    ids: list[Any] = [None, "", 7, "not an address", e.url("/activities/1")]
    for odd in ids:
        follow = b.activity(ana, "Follow", alice.uri) | {"id": odd}
        before = await here.digest()
        assert (await b.deliver(ana, here.inbox, follow)).status in {400, 401, 403}
        assert await here.digest() == before
    assert (await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))).status == 202


async def test_gotcha_18_the_object_lies_where_its_author_lives(
    here: Home, b: Stranger, e: Stranger, ana: Person, alice: ActorView
) -> None:
    await here.follow(alice, await find_actor(here.fetcher, ana.uri))
    elsewhere = b.note(ana) | {"id": e.url("/notes/1")}
    await in_vain(here, ana, b.activity(ana, "Create", elsewhere))
    # A handle may have another domain than the ids, if both agree.
    cy = b.person("cy", webfinger=f"cy@{e.authority}")
    jrd = {
        "subject": f"acct:cy@{e.authority}",
        "links": [{"rel": "self", "type": AS2, "href": cy.uri}],
    }
    e.pages["/.well-known/webfinger"] = Page(jrd, type="application/jrd+json")
    note = b.note(cy, to=[PUBLIC, alice.uri])
    await give(here, cy, b.activity(cy, "Create", note))
    assert await dropped(here) is None
    assert (await find_actor(here.fetcher, cy.uri)).domain == e.authority
    assert CONTEXT[0] == AS_CONTEXT
