"""Whose key is it, and is it still: rows S13, S14, S19, S23 and S24 of the catalogue, over HTTP."""

import asyncio

import orjson
import pytest

from storage.views.actors import ActorView
from tests.inbox.giving import refuse
from tests.inbox.home import Home
from tests.support.stranger import Page, Person, Seen, Stranger


async def test_S13_a_key_that_claims_its_owner_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, body: bytes
) -> None:
    key_id = e.add("/keys/1", {"type": "Key", "owner": ana.uri})
    mallory = e.person("mallory", key=1)
    page = e.pages["/keys/1"]
    assert isinstance(page, Page)
    assert isinstance(page.body, dict)
    page.body["publicKeyPem"] = mallory.key.public.pem()
    headers = e.signed(mallory, here.inbox, body, key_id=key_id)
    await refuse(here, e, body, headers)
    assert key_id not in repr(await here.rows("keys"))


async def test_S13_an_actor_that_lists_somebody_elses_key_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, body: bytes
) -> None:
    mallory = e.person("mallory", key=1)
    mallory.document["publicKey"]["owner"] = ana.uri
    headers = e.signed(mallory, here.inbox, body)
    answered = await e.send(here.inbox, body, headers)
    assert answered.status == 401
    assert mallory.key_id not in repr(await here.rows("keys"))


async def test_a_key_at_an_address_of_its_own_is_taken(
    here: Home, b: Stranger, alice: ActorView
) -> None:
    """A stub with the owner, as some servers serve it without a signature (peers.md)."""
    ana = b.person("ana")
    ana.key_id = b.url("/users/ana/main-key")
    ana.document["publicKey"]["id"] = ana.key_id
    stub = {"id": ana.uri, "type": "Person", "publicKey": ana.document["publicKey"]}
    b.pages["/users/ana/main-key"] = Page(stub)
    follow = b.activity(ana, "Follow", alice.uri)
    assert (await b.deliver(ana, here.inbox, follow)).status == 202
    key = {"id": b.url("/keys/bo"), "type": "Key", "publicKeyPem": ana.key.public.pem()}
    bo = b.person("bo")
    bo.key_id = key["id"]
    b.pages["/keys/bo"] = Page(key | {"owner": bo.uri})
    refused = await b.deliver(bo, here.inbox, b.activity(bo, "Follow", alice.uri))
    assert refused.status == 401  # the actor does not list it
    bo2 = b.person("bo2")
    bo2.key_id = b.url("/keys/bo2")
    bo2.document["publicKey"]["id"] = bo2.key_id
    b.pages["/keys/bo2"] = Page(key | {"id": bo2.key_id, "owner": bo2.uri})
    taken = await b.deliver(bo2, here.inbox, b.activity(bo2, "Follow", alice.uri))
    assert taken.status == 202


async def test_S14_a_key_that_redirects_elsewhere_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, body: bytes
) -> None:
    mallory = e.person("mallory", key=0)  # the same key as ana's: only the address is a lie
    e.pages["/users/mallory"] = Page(status=302, headers={"Location": ana.uri})
    await refuse(here, e, body, e.signed(mallory, here.inbox, body))
    assert e.origin not in repr(await here.rows("actors"))


async def test_S14_another_actors_document_is_refused(
    here: Home, b: Stranger, e: Stranger, ana: Person, body: bytes
) -> None:
    mallory = e.person("mallory", key=1)
    mallory.document["id"] = ana.uri
    mallory.document["publicKey"] |= {"owner": ana.uri}
    await refuse(here, e, body, e.signed(mallory, here.inbox, body))
    assert mallory.key.public.pem() not in repr(await here.rows("keys"))


async def test_S14_a_key_document_under_another_id_is_refused(
    here: Home, b: Stranger, body: bytes
) -> None:
    bo = b.person("bo", key=1)
    key_id = b.url("/keys/1")
    b.pages["/keys/1"] = Page(
        {
            "id": b.url("/keys/2"),
            "type": "Key",
            "owner": bo.uri,
            "publicKeyPem": bo.key.public.pem(),
        }
    )
    await refuse(here, b, body, b.signed(bo, here.inbox, body, key_id=key_id))


async def test_S19_a_rotated_key_is_asked_for_once(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    ana.rotate(1)
    known = b.fetches(ana.path)
    assert (await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))).status == 202
    assert b.fetches(ana.path) == known + 1
    ana.rotate(2)  # published too late: the pause is not over
    for _ in range(100):
        bad = await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
        assert bad.status == 401
    assert b.fetches(ana.path) == known + 1
    ana.rotate(1)
    assert (await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))).status == 202


async def test_S19_many_bad_signatures_at_once_cost_one_fetch(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    known = b.fetches(ana.path)
    bo = b.person("bo", key=2)
    headers = b.signed(ana, here.inbox, body, key=bo.key)
    answers = await asyncio.gather(*(b.send(here.inbox, body, headers) for _ in range(30)))
    assert {answered.status for answered in answers} == {401}
    assert b.fetches(ana.path) == known + 1


async def test_S23_a_two_faced_server_is_stored_as_it_was_verified(
    here: Home, e: Stranger, alice: ActorView
) -> None:
    mallory = e.person("mallory", name="First face")
    second = mallory.document | {"name": "Second face", "inbox": f"{mallory.uri}/elsewhere"}

    def faces(_seen: Seen) -> Page:
        return Page(mallory.document if e.fetches(mallory.path) == 1 else second)

    e.pages[mallory.path] = faces
    follow = e.activity(mallory, "Follow", alice.uri)
    assert (await e.deliver(mallory, here.inbox, follow)).status == 202
    await here.drain()
    stored = next(row for row in await here.rows("actors") if row[2] == mallory.uri)
    assert "First face" in stored
    assert mallory.document["inbox"] in stored
    assert e.fetches(mallory.path) == 1


@pytest.mark.parametrize("status", [410, 404, 500])
async def test_S24_a_signer_that_is_gone_is_refused_and_not_asked_again(
    here: Home, b: Stranger, status: int
) -> None:
    bo = b.person("bo")
    b.pages[bo.path] = Page(status=status)
    delete = orjson.dumps(b.activity(bo, "Delete", bo.uri))
    for _ in range(3):  # a farewell is always taken, so that it is not sent for days
        await refuse(here, b, delete, b.signed(bo, here.inbox, delete), 202)
    assert b.fetches(bo.path) == 1


async def test_S24_a_signer_that_never_answers_is_refused_and_not_asked_again(
    here: Home, b: Stranger
) -> None:
    bo = b.person("bo")
    b.silent.add(bo.path)
    here.lose_patience()
    body = orjson.dumps(b.activity(bo, "Delete", bo.uri))
    for _ in range(2):
        await refuse(here, b, body, b.signed(bo, here.inbox, body), 202)
    assert b.fetches(bo.path) == 1


async def test_S24_a_known_signer_may_say_that_it_is_gone(
    here: Home, b: Stranger, ana: Person
) -> None:
    b.pages[ana.path] = Page(status=410)
    assert (await b.deliver(ana, here.inbox, b.activity(ana, "Delete", ana.uri))).status == 202
    await here.drain()
    again = orjson.dumps(b.activity(ana, "Delete", ana.uri))
    here.restart()
    await refuse(here, b, again, b.signed(ana, here.inbox, again), 202)
    follow = orjson.dumps(b.activity(ana, "Follow", here.node.origin))
    await refuse(here, b, follow, b.signed(ana, here.inbox, follow))
