"""Why new servers fail (facts: federation.md §6), 1 to 11: signatures and keys."""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from outbox.deliver import Pace
from storage.views.actors import ActorView
from tests.federation import test_draft_cavage_covered as signing
from tests.gotchas.talk import Talk
from tests.inbox.forging import cavage, http_date, sha256
from tests.inbox.giving import refuse
from tests.inbox.home import Home
from tests.outbox.test_deliver import World, nothing_left, sending, world
from tests.support.listeners import Seen as Heard
from tests.support.listeners import reply, scripted_server
from tests.support.nodes import until
from tests.support.stranger import AS2, Page, Person, Seen, Stranger

__all__ = ["world"]


async def test_gotcha_01_the_digest_is_of_the_bytes_that_are_sent(
    talk: Talk, here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    await talk.liv.say("Grüße & <brackets>")
    seen, _ = await talk.heard("Create")
    digest = base64.b64encode(hashlib.sha256(seen.body).digest()).decode()
    assert seen.headers["digest"] == f"SHA-256={digest}"
    await talk.checked(seen)
    await refuse(here, b, body, cavage(ana, here.inbox, body, digest=sha256(body + b" ")))
    assert (await b.send(here.inbox, body, cavage(ana, here.inbox, body))).status == 202


async def test_gotcha_02_each_attempt_has_its_own_date(
    world: World, here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    fail = iter([True])

    def answer(_: Heard) -> bytes:
        return reply(status="503 Busy" if next(fail, False) else "202 Accepted")

    pace = Pace(first=1_100, longest=1_100, horizon=60_000, idle=20)
    async with scripted_server(answer) as sink, sending(world, pace):
        await world.send(await world.receiver(sink))
        await until(lambda: nothing_left(world))
    dates = [parsedate_to_datetime(seen.headers["date"]) for seen in sink.seen]
    assert dates[1] > dates[0]
    assert abs(datetime.now(UTC) - dates[1]) < timedelta(seconds=30)
    late = cavage(ana, here.inbox, body, date=http_date(minutes=-61))
    await refuse(here, b, body, late)
    slow = cavage(ana, here.inbox, body, date=http_date(minutes=-58))
    assert (await b.send(here.inbox, body, slow)).status == 202


async def test_gotcha_03_dates_are_gmt(
    talk: Talk, here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    await talk.liv.say("on time")
    seen, _ = await talk.heard("Create")
    form = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    assert re.fullmatch(form, seen.headers["date"])
    local = format_datetime(datetime.now(UTC).replace(tzinfo=None)).replace("-0000", "CEST")
    await refuse(here, b, body, cavage(ana, here.inbox, body, date=local), 400, 401)
    assert (await b.send(here.inbox, body, cavage(ana, here.inbox, body))).status == 202


async def test_gotcha_04_host_is_signed_on_get_and_post(
    talk: Talk, here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    await talk.liv.say("signed")
    seen, _ = await talk.heard("Create")
    note = talk.far.note(talk.zoe)
    await talk.liv.find_post(note["id"])
    fetched = next(one for one in talk.far.seen if talk.far.url(one.path) == note["id"])
    for one in (seen, fetched):
        listed = re.search(r'headers="([^"]+)"', one.headers["signature"])
        assert listed is not None
        assert {"(request-target)", "host", "date"} <= set(listed[1].split())
        assert one.headers["host"] == talk.far.authority
    hostless = cavage(ana, here.inbox, body, components=("(request-target)", "date", "digest"))
    await refuse(here, b, body, hostless)


async def test_gotcha_05_our_name_is_a_setting_and_no_proxys_word(
    here: Home, b: Stranger, ana: Person, body: bytes
) -> None:
    signed = cavage(ana, here.inbox, body)
    through_a_proxy = signed | {"Host": "127.0.0.1:8080", "X-Forwarded-Host": "evil.example"}
    for_another = cavage(ana, here.inbox, body, host="evil.example")
    await refuse(here, b, body, for_another)
    assert (await b.send(here.inbox, body, through_a_proxy)).status == 202


async def test_gotcha_06_created_is_never_used_towards_others(talk: Talk) -> None:
    await talk.liv.say("plain signatures")
    seen, _ = await talk.heard("Create")
    assert "created" not in seen.headers["signature"]
    assert "expires" not in seen.headers["signature"]
    assert "date" in seen.headers


async def test_gotcha_07_a_query_may_be_signed_or_left_out(here: Home, b: Stranger) -> None:
    url = b.url("/collection?page=2")

    def picky(seen: Seen) -> Page:
        return Page({"id": url, "type": "Note"}) if seen.query == "page=2" else Page(status=404)

    b.pages["/collection"] = picky
    assert (await here.fetcher.document(url)).body["id"] == url
    assert b.seen[-1].query == "page=2"
    signing.test_S22_the_query_is_signed_and_a_get_may_leave_it_out()  # both ways, coming in


@pytest.mark.interop("Follow", "in", "with a key that has a path", peer="scripted GoToSocial")
async def test_gotcha_08_key_ids_with_a_fragment_and_with_a_path(
    talk: Talk, here: Home, b: Stranger, alice: ActorView
) -> None:
    await talk.liv.say("by this key")
    seen, _ = await talk.heard("Create")
    assert f'keyId="{talk.liv.uri}#main-key"' in seen.headers["signature"]
    gerd = b.person("gerd")  # as GoToSocial: the key has a path, where a stub is served
    gerd.key_id = b.url("/users/gerd/main-key")
    gerd.document["publicKey"]["id"] = gerd.key_id
    stub = {"id": gerd.uri, "type": "Person", "publicKey": gerd.document["publicKey"]}
    b.pages["/users/gerd/main-key"] = Page(stub)
    assert (await b.deliver(gerd, here.inbox, b.activity(gerd, "Follow", alice.uri))).status == 202


async def test_gotcha_09_whoever_needs_a_key_gets_it_unsigned(talk: Talk) -> None:
    names = await talk.node.ask("GET", "/.well-known/nodeinfo")
    application = next(
        link["href"] for link in names.json["links"] if link["rel"].endswith("#Application")
    )
    for uri in (application, talk.liv.uri):
        found = await talk.document(uri)
        assert found["publicKey"]["owner"] == uri
        assert found["inbox"]
    guarded = talk.far.note(talk.zoe, "/guarded")

    def demands(seen: Seen) -> Page:
        return Page(guarded) if "signature" in seen.headers else Page(status=401)

    talk.far.pages["/guarded"] = demands
    assert (await talk.liv.find_post(guarded["id"]))["content"] == "<p>hello</p>"


async def test_gotcha_10_a_rotated_key_is_asked_for_once(
    here: Home, b: Stranger, ana: Person, alice: ActorView
) -> None:
    before = b.fetches(ana.path)
    ana.rotate(1)
    assert (await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))).status == 202
    ana.rotate(2)
    for _ in range(5):
        bad = await b.deliver(ana, here.inbox, b.activity(ana, "Follow", alice.uri))
        assert bad.status == 401
    assert b.fetches(ana.path) == before + 1


@pytest.mark.parametrize("owner", [None, "https://other.example/users/bo"])
async def test_gotcha_11_a_key_names_its_owner(
    talk: Talk, here: Home, b: Stranger, alice: ActorView, owner: str | None
) -> None:
    bo = b.person("bo")
    bo.document["publicKey"]["owner"] = owner
    refused = await b.deliver(bo, here.inbox, b.activity(bo, "Follow", alice.uri))
    assert refused.status == 401
    bo.document["publicKey"]["owner"] = bo.uri
    cy = b.person("cy")
    assert (await b.deliver(cy, here.inbox, b.activity(cy, "Follow", alice.uri))).status == 202
    ours = await talk.document(talk.liv.uri)
    assert ours["publicKey"]["owner"] == ours["id"] == talk.liv.uri


async def test_gotcha_12_webfinger_leads_to_the_id(talk: Talk, here: Home, b: Stranger) -> None:
    resource = f"acct:liv@{talk.node.host}"
    found = await talk.node.ask("GET", "/.well-known/webfinger", params={"resource": resource})
    (link,) = [one for one in found.json["links"] if one["rel"] == "self"]
    assert (link["href"], link["type"]) == (talk.liv.uri, AS2)
    assert found.json["subject"] == resource
    bo = b.person("bo")
    wrong = {"rel": "self", "type": AS2, "href": b.url("/users/somebody-else")}
    jrd = {"subject": f"acct:bo@{b.authority}", "links": [wrong]}
    b.pages["/.well-known/webfinger"] = Page(jrd, type="application/jrd+json")
    with pytest.raises(CannotFetch):
        await find_actor(here.fetcher, bo.uri)
    del b.pages["/.well-known/webfinger"]
    cy = b.person("cy")
    assert (await find_actor(here.fetcher, cy.uri)).handle == "cy"
