"""Actors of other servers: found by id or handle, confirmed both ways."""

from typing import Any

import pytest
from sqlalchemy import bindparam, update

from domain.kinds import ActorType, SignatureScheme
from federation.discovery import fetch_actor, find_actor, find_handle
from federation.fetcher import CannotFetch
from storage.queries import actors, origins
from storage.queries.keys import holder
from storage.tables.actors import actors as table
from storage.tx import Tx
from tests.inbox.home import Home
from tests.support.stranger import AS2, Page, Seen, Stranger, rsa

AGE = update(table).values(fetched_at=bindparam("at"))
JRD = "application/jrd+json"


def webfinger(server: Stranger, subject: str, href: str, **link: Any) -> Page:
    found = {"rel": "self", "type": AS2, "href": href} | link
    return Page({"subject": subject, "links": [found]}, type=JRD)


async def test_an_actor_is_found_by_its_id(here: Home, b: Stranger) -> None:
    ana = b.person("ana", summary="<p>Hi<script>x</script></p>", name="Ana <b>")
    found = await find_actor(here.fetcher, ana.uri)
    assert (found.uri, found.handle, found.domain) == (ana.uri, "ana", b.authority)
    assert (found.type, found.summary, found.name) == (ActorType.PERSON, "<p>Hi</p>", "Ana <b>")
    assert found.inbox == ana.document["inbox"]
    assert not found.is_local
    key = await here.db.read(holder, ana.key_id)
    assert key is not None
    assert (key.actor.id, key.key.public) == (found.id, rsa().public.pem())


async def test_a_known_actor_is_not_asked_for_again(here: Home, b: Stranger) -> None:
    ana = b.person("ana")
    first = await find_actor(here.fetcher, ana.uri)
    assert await find_actor(here.fetcher, ana.uri) == first
    assert b.fetches(ana.path) == 1


async def test_our_own_actors_are_not_fetched(here: Home) -> None:
    alice = await here.someone("alice")
    assert await find_actor(here.fetcher, alice.uri) == alice
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, here.node.actor(5))


async def test_after_a_day_an_actor_is_refreshed_at_most_every_five_minutes(
    here: Home, b: Stranger
) -> None:
    ana = b.person("ana")
    await find_actor(here.fetcher, ana.uri)
    ana.document["name"] = "Ana B."
    await here.db.write(lambda tx: tx.change(AGE, at=1))
    assert (await find_actor(here.fetcher, ana.uri)).name == "Ana B."
    ana.document["name"] = "Ana C."
    await here.db.write(lambda tx: tx.change(AGE, at=1))
    assert (await find_actor(here.fetcher, ana.uri)).name == "Ana B."
    assert b.fetches(ana.path) == 2


async def test_an_old_actor_that_cannot_be_refreshed_is_better_than_none(
    here: Home, b: Stranger
) -> None:
    ana = b.person("ana")
    await find_actor(here.fetcher, ana.uri)
    b.pages[ana.path] = Page(status=500)
    await here.db.write(lambda tx: tx.change(AGE, at=1))
    assert (await find_actor(here.fetcher, ana.uri)).handle == "ana"


async def test_O08_a_handle_without_the_way_back_is_refused(here: Home, b: Stranger) -> None:
    ana, bo = b.person("ana"), b.person("bo")
    ana.document["preferredUsername"] = "bo"
    before = await here.digest()
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, ana.uri)
    del b.people["ana"]
    ana.document["preferredUsername"] = "ana"
    with pytest.raises(CannotFetch):
        await fetch_actor(here.fetcher, ana.uri)
    assert await here.digest() == before
    assert (await find_actor(here.fetcher, bo.uri)).handle == "bo"


@pytest.mark.interop("Application", "in", "read without a handle", peer="a stranger")
async def test_an_application_needs_no_handle(here: Home, b: Stranger) -> None:
    actor = b.person("server", kind="Application")
    del b.people["server"]
    assert (await find_actor(here.fetcher, actor.uri)).type is ActorType.APPLICATION


@pytest.mark.interop("Organization", "in", "found by its handle", peer="a stranger")
async def test_an_organization_is_found_by_its_handle(here: Home, b: Stranger) -> None:
    b.person("museum", kind="Organization")
    found = await find_handle(here.fetcher, "museum", b.authority)
    assert found is not None
    assert found.type is ActorType.ORGANIZATION
    assert await find_handle(here.fetcher, "archive", b.authority) is None


async def test_a_handle_may_have_another_domain_if_both_agree(
    here: Home, b: Stranger, e: Stranger
) -> None:
    ana = b.person("ana")
    subject = f"acct:ana@{e.authority}"
    b.pages["/.well-known/webfinger"] = webfinger(b, subject, ana.uri)
    e.pages["/.well-known/webfinger"] = webfinger(e, subject, ana.uri)
    assert (await find_actor(here.fetcher, ana.uri)).domain == e.authority


async def test_O08_a_domain_that_does_not_agree_gives_no_handle(
    here: Home, b: Stranger, e: Stranger
) -> None:
    mallory, ana = e.person("ana"), b.person("ana")
    e.pages["/.well-known/webfinger"] = webfinger(e, f"acct:ana@{b.authority}", mallory.uri)
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, mallory.uri)
    assert (await find_actor(here.fetcher, ana.uri)).domain == b.authority


async def test_a_domain_that_we_may_not_ask_is_not_shown(
    here: Home, b: Stranger, x: Stranger
) -> None:
    ana = b.person("ana")
    b.pages["/.well-known/webfinger"] = webfinger(b, f"acct:ana@{x.authority}", ana.uri)
    assert (await find_actor(here.fetcher, ana.uri)).domain == b.authority
    assert x.seen == []


async def test_the_stated_webfinger_is_asked_first(here: Home, b: Stranger, e: Stranger) -> None:
    ana = b.person("ana", webfinger=f"ana@{e.authority}")
    e.pages["/.well-known/webfinger"] = webfinger(e, f"acct:ana@{e.authority}", ana.uri)
    assert (await find_actor(here.fetcher, ana.uri)).domain == e.authority
    assert b.fetches("/.well-known/webfinger") == 0


@pytest.mark.parametrize(
    "change", [{"type": "Group"}, {"type": "Application"}, {"inbox": "https://e.example/inbox"}]
)
async def test_O08_an_actor_does_not_become_something_else(
    here: Home, b: Stranger, change: dict[str, str]
) -> None:
    ana = b.person("ana")
    await find_actor(here.fetcher, ana.uri)
    before = await here.digest()
    ana.document.update(change)
    with pytest.raises(CannotFetch):
        await fetch_actor(here.fetcher, ana.uri)
    assert await here.digest() == before


async def test_a_person_may_become_a_bot(here: Home, b: Stranger) -> None:
    ana = b.person("ana")
    await find_actor(here.fetcher, ana.uri)
    ana.document["type"] = "Service"
    assert (await fetch_actor(here.fetcher, ana.uri)).type is ActorType.SERVICE


async def test_S20_odd_keys_are_not_stored(here: Home, b: Stranger) -> None:
    ana = b.person("ana")
    ana.document["publicKey"]["publicKeyPem"] = "-----BEGIN PUBLIC KEY-----\nAAAA\n"
    await find_actor(here.fetcher, ana.uri)
    assert await here.db.read(holder, ana.key_id) is None


async def test_a_key_that_is_no_longer_listed_is_forgotten(here: Home, b: Stranger) -> None:
    ana = b.person("ana")
    await find_actor(here.fetcher, ana.uri)
    ana.document["publicKey"]["id"] = f"{ana.uri}#second-key"
    await fetch_actor(here.fetcher, ana.uri)
    assert await here.db.read(holder, ana.key_id) is None
    assert await here.db.read(holder, f"{ana.uri}#second-key") is not None


async def test_somebody_is_found_by_handle(here: Home, b: Stranger) -> None:
    ana = b.person("ana")
    found = await find_handle(here.fetcher, "Ana", b.authority)
    assert found is None
    found = await find_handle(here.fetcher, "ana", b.authority.upper())
    assert found is not None
    assert found.uri == ana.uri
    assert await here.db.read(actors.by_acct, "ana", b.authority) == found


async def test_our_own_people_are_found_by_handle(here: Home) -> None:
    alice = await here.someone("alice")
    assert await find_handle(here.fetcher, "alice", here.node.handle_domain) == alice
    assert await find_handle(here.fetcher, "nobody", here.node.handle_domain) is None


async def test_nobody_and_nonsense_are_told_apart_from_a_silent_server(
    here: Home, b: Stranger, x: Stranger
) -> None:
    assert await find_handle(here.fetcher, "nobody", b.authority) is None
    assert await find_handle(here.fetcher, "ana", "not a domain") is None
    with pytest.raises(CannotFetch):
        await find_handle(here.fetcher, "ana", x.authority)
    b.pages["/.well-known/webfinger"] = Page(status=500)
    with pytest.raises(CannotFetch):
        await find_handle(here.fetcher, "ana", b.authority)
    assert x.seen == []


async def test_a_handle_that_leads_to_somebody_else_is_not_found(
    here: Home, b: Stranger, e: Stranger
) -> None:
    ana = b.person("ana")
    e.pages["/.well-known/webfinger"] = webfinger(e, f"acct:eve@{e.authority}", ana.uri)
    assert await find_handle(here.fetcher, "eve", e.authority) is None


@pytest.mark.parametrize("media", ["text/html", AS2, "text/plain", ""])
async def test_webfinger_is_json(here: Home, b: Stranger, media: str) -> None:
    ana = b.person("ana")
    page = webfinger(b, f"acct:ana@{b.authority}", ana.uri)
    b.pages["/.well-known/webfinger"] = Page(page.body, type=media)
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, ana.uri)


async def test_a_domain_may_leave_webfinger_to_its_server(
    here: Home, b: Stranger, e: Stranger
) -> None:
    ana = b.person("ana")

    def away(seen: Seen) -> Page:
        target = b.url(f"/finger?{seen.query}")
        return Page(status=302, headers={"Location": target})

    subject = f"acct:ana@{e.authority}"
    e.pages["/.well-known/webfinger"] = away
    b.pages["/finger"] = b.pages["/.well-known/webfinger"] = webfinger(b, subject, ana.uri)
    found = await find_handle(here.fetcher, "ana", e.authority)
    assert found is not None
    assert (found.uri, found.domain) == (ana.uri, e.authority)


RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"
COMMUNITIES = "urn:tertulia:ns:1#communities"


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ({"generator": {"type": "Application", "implements": [{"href": RFC9421}]}}, "RFC9421"),
        ({"implements": [{"type": "Link", "href": RFC9421, "name": "x"}]}, "RFC9421"),
        ({"generator": {"implements": [{"href": RFC9421}, {"href": COMMUNITIES}]}}, "OURS"),
        ({"generator": {"implements": RFC9421}}, "RFC9421"),
        ({"generator": f"https://b.example/{RFC9421}"}, "UNKNOWN"),
        ({"generator": {"implements": [{"href": 7}, 7, None, [RFC9421]]}}, "UNKNOWN"),
        ({"generator": {"implements": [{"href": RFC9421}] * 2_000}}, "UNKNOWN"),
        ({"implements": {"href": "https://w3id.org/fep/8b32"}}, "UNKNOWN"),
        ({}, "UNKNOWN"),
    ],
)
@pytest.mark.interop("implements (FEP-844e)", "in", "chooses the first knock", peer="a stranger")
async def test_what_a_server_implements_chooses_the_first_knock(
    here: Home, b: Stranger, said: dict[str, Any], scheme: str
) -> None:
    ana = b.person("ana", **said)
    await find_actor(here.fetcher, ana.uri)
    origin = await here.db.read(origins.by_origin, b.origin)
    assert origin is not None
    assert origin.scheme.name == scheme


async def test_what_a_server_was_seen_to_take_is_not_changed_by_its_word(
    here: Home, b: Stranger
) -> None:
    def seen(tx: Tx) -> None:
        origin_id = origins.origin_id(tx, b.origin)
        origins.remember_scheme(tx, origin_id, SignatureScheme.CAVAGE)

    await here.db.write(seen)
    ana = b.person("ana", implements=[{"href": RFC9421}])
    await find_actor(here.fetcher, ana.uri)
    origin = await here.db.read(origins.by_origin, b.origin)
    assert origin is not None
    assert origin.scheme is SignatureScheme.CAVAGE
