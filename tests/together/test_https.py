"""Nodes as they are in the world: https, names without ports, a TLS front, a private authority."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
import trustme
from aiohttp import ClientSession, TCPConnector, WSMsgType

from bench.ports import free_port
from storage.queries import outgoing
from tests.clients.browser import Browser
from tests.support.commands import done
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.support.pictures import upload
from tests.support.tls import Front, tls_front
from tests.together.communities import become_partners, found
from tests.together.stories import befriend, known, settled

PASSWORD = "seven wet umbrellas"


@pytest.fixture
async def front(folder: Path) -> AsyncIterator[Front]:
    async with tls_front(folder) as opened:
        yield opened


async def node_at(front: Front, nodes: Nodes, name: str, **more: str) -> RunningNode:
    """A node behind the front, under `https://NAME.test`."""
    port = free_port()
    front.serve(f"{name}.test", port)
    given = {"origin": front.origin(f"{name}.test"), "tls_ca_file": str(front.ca_file)}
    return await nodes.start(name, port=port, **given, **more)


@pytest.mark.interop(
    "https", "out", "with the certificates of a private authority", peer="our nodes"
)
async def test_two_nodes_meet_over_https(front: Front, nodes: Nodes) -> None:
    hq, lab = await node_at(front, nodes, "hq"), await node_at(front, nodes, "lab")
    ana, bo = await known(hq, "ana"), await known(lab, "bo")
    assert (hq.host, hq.origin) == (front.host("hq.test"), front.origin("hq.test"))
    await befriend(ana, bo)
    posted = await bo.post("/api/v1/statuses", status="hello by https", visibility="public")
    seen = await ana.sees("hello by https")
    assert seen["account"]["acct"] == f"bo@{front.host('lab.test')}"
    assert seen["uri"].startswith(front.origin("lab.test"))
    answer = await ana.post(
        "/api/v1/statuses",
        status=f"@bo@{front.host('lab.test')} and back",
        in_reply_to_id=seen["id"],
        visibility="public",
    )
    await ana.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await settled(hq, lab)
    there = await bo.get(f"/api/v1/statuses/{posted['id']}")
    assert (there["favourites_count"], there["replies_count"]) == (1, 1)
    for told in (seen, answer, there):
        assert b"http://" not in orjson.dumps(told), "everything that people are told is https"


async def test_a_members_only_community_with_a_picture_over_https(
    front: Front, nodes: Nodes
) -> None:
    hq, firm = await node_at(front, nodes, "hq"), await node_at(front, nodes, "firm")
    ana, cy = await known(hq, "ana"), await known(firm, "cy")
    await become_partners(hq, firm)
    club = await found(hq, ana, await known(hq, "bea"))
    await cy.follow(club.acct)

    async def asks() -> bool:
        return cy.acct in await done(hq, "community", "requests", club.handle)

    await until(asks)
    await done(hq, "community", "approve", club.handle, cy.acct, "--sponsor", "ana")
    await club.takes_in(cy.uri, firm)
    file = await upload(ana)
    words = {"visibility": "private", "media_ids": [file["id"]]}
    await ana.ask(
        "POST", "/api/v1/statuses", json={"status": f"{club.acct} with the legs", **words}
    )

    async def with_picture() -> bool:
        line = await cy.sees("with the legs")
        return bool((line["reblog"] or line)["media_attachments"])

    await until(with_picture)
    line = await cy.sees("with the legs")
    (shown,) = (line["reblog"] or line)["media_attachments"]
    assert shown["url"].startswith(firm.origin), "one's own node shows it"
    async with _by_https(front) as session, session.get(shown["url"]) as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")


async def test_a_certificate_of_nobody_s_authority_or_in_another_name_is_not_believed(
    front: Front, nodes: Nodes
) -> None:
    hq, lab = await node_at(front, nodes, "hq"), await node_at(front, nodes, "lab")
    ana, bo = await known(hq, "ana"), await known(lab, "bo")
    await befriend(bo, ana)
    await settled(hq, lab)
    front.certify("lab.test", authority=trustme.CA())
    await _not_told(front, ana, bo, "kept from an impostor")
    front.certify("lab.test", named="other.test")
    await _not_told(front, ana, bo, "kept from another name")


async def _not_told(front: Front, ana: Person, bo: Person, words: str) -> None:
    """What Ana says does not reach Bo's node before it shows its own certificate again."""
    await front.hang_up()
    await ana.say(words, visibility="public")

    async def missed() -> bool:
        row = await ana.node.db.read(outgoing.host, bo.node.origin)
        return row is not None and row.failures > 0 and row.waiting > 0

    await until(missed)
    assert not await _reads(bo, words)
    front.certify("lab.test")
    assert "1 other" in await done(ana.node, "federation", "retry", bo.node.host)
    await bo.sees(words)


async def _reads(person: Person, words: str) -> bool:
    return any(words in one["content"] for one in await person.home())


def _by_https(front: Front) -> ClientSession:
    """Somebody's app or browser, which trusts the world's authority."""
    trusts = ssl.create_default_context(cafile=str(front.ca_file))
    return ClientSession(connector=TCPConnector(ssl=trusts))


async def test_an_app_streams_over_https(front: Front, nodes: Nodes) -> None:
    hq = await node_at(front, nodes, "hq")
    ana = await known(hq, "ana")
    told = (await hq.ask("GET", "/api/v2/instance")).json
    streaming = told["configuration"]["urls"]["streaming"]
    assert (told["domain"], streaming) == (hq.host, hq.origin.replace("https", "wss", 1))
    async with _by_https(front) as session:
        address = f"{streaming}/api/v1/streaming?stream=user&access_token={ana.token}"
        async with session.ws_connect(address) as socket:
            await ana.say("for my own stream", visibility="public")
            message = await asyncio.wait_for(socket.receive(), 30)
            assert message.type is WSMsgType.TEXT
            assert b"for my own stream" in message.data.encode()


async def test_a_browser_s_session_is_for_https_alone(front: Front, nodes: Nodes) -> None:
    hq = await node_at(front, nodes, "hq")
    await done(
        hq, *("account", "create", "ana", "--email", "ana@mail.example", "--password", PASSWORD)
    )
    browser = Browser()
    browser.trust(str(front.ca_file))
    await asyncio.to_thread(browser.open, f"{hq.origin}/sign-in")
    await asyncio.to_thread(browser.submit, "Sign in", login="ana", password=PASSWORD)
    assert browser.status == 200
    assert "Sign out" in browser.text
    cookies = browser.cookies
    assert {cookie.name for cookie in cookies} >= {"__Host-session"}
    assert all(cookie.secure for cookie in cookies)
