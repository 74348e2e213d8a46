"""A foreign server acts, in either way of signing; what matters is what our node then shows."""

from typing import Any

import orjson
import pytest

from activitypub.proofs import BadProof, proof_method, verify_proof
from federation.key_material import load_multikey
from tests.peers.fedify.records import Scheme
from tests.peers.meeting import acct, arrived, they_follow, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Person, RunningNode, until
from tests.support.stranger import stranger
from tests.together.stories import (
    asked,
    following,
    is_gone,
    settled,
    shows,
    standing,
    thread_of,
    told,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

VISIBILITY = {
    "public": "public",
    "unlisted": "unlisted",
    "followers": "private",
    "direct": "direct",
}


@pytest.mark.interop("Follow", "in", "waits for an answer", peer="Fedify")
@pytest.mark.interop("Accept{Follow}", "out", "the follow stands", peer="Fedify")
@pytest.mark.interop("draft-cavage", "in", "taken", peer="Fedify")
@pytest.mark.interop("RFC 9421", "in", "taken", peer="Fedify")
async def test_their_follow_is_asked_and_accepted(peer: FedifyPeer, ana: Person) -> None:
    arrived(await peer.follow("fern", ana.uri), peer)
    request = await told(ana, "follow_request")
    who = request["account"]
    assert (who["uri"], who["acct"]) == (peer.actor("fern"), acct(peer, "fern")[1:])
    assert await peer.following_state("fern", ana.uri) == "requested"
    await ana.post(f"/api/v1/follow_requests/{who['id']}/authorize")

    async def accepted() -> bool:
        return await peer.following_state("fern", ana.uri) == "accepted"

    await peer.until(accepted, what="the Accept")
    assert (await standing(ana, who["id"]))["followed_by"] is True


@pytest.mark.interop("Reject{Follow}", "out", "the request is refused", peer="Fedify")
async def test_their_follow_is_rejected(peer: FedifyPeer, ana: Person) -> None:
    await peer.follow("moss", ana.uri)
    who = await asked(ana, peer.actor("moss"))
    await ana.post(f"/api/v1/follow_requests/{who['id']}/reject")

    async def rejected() -> bool:
        return await peer.following_state("moss", ana.uri) == "rejected"

    await peer.until(rejected, what="the Reject")
    assert (await standing(ana, who["id"]))["followed_by"] is False


@pytest.mark.interop("Undo{Follow}", "in", "ends the follow", peer="Fedify")
async def test_their_unfollow_is_seen(peer: FedifyPeer, ana: Person) -> None:
    who = await they_follow(peer, "fern", ana)
    arrived(await peer.unfollow("fern", ana.uri), peer)

    async def gone() -> bool:
        return not (await standing(ana, who["id"]))["followed_by"]

    await until(gone)


@pytest.mark.interop("Accept{Follow}", "in", "the follow stands", peer="Fedify")
@pytest.mark.interop("Reject{Follow}", "in", "ends the follow", peer="Fedify")
async def test_their_accept_and_later_reject_are_believed(peer: FedifyPeer, ana: Person) -> None:
    await peer.set_accept("reed", "manual")
    account = await ana.follow(acct(peer, "reed"))

    async def pending() -> bool:
        return await peer.follower_state("reed", ana.uri) == "pending"

    await peer.until(pending, what="our Follow")
    assert account["locked"] is True
    assert (await standing(ana, account["id"]))["requested"] is True
    arrived(await peer.accept("reed", ana.uri), peer)
    await following(ana, account["id"])
    arrived(await peer.reject("reed", ana.uri), peer)
    await following(ana, account["id"], is_so=False)


@pytest.mark.interop("Create{Note}", "in", "a post with its warning, language, tags", peer="Fedify")
async def test_their_post_with_everything_is_shown(peer: FedifyPeer, ana: Person) -> None:
    account = await we_follow(ana, peer, "fern")
    sent = await peer.post(
        "fern",
        "<p>Nostetaan oikein</p>",
        mention=[ana.uri],
        summary="nosto",
        language="fi",
        tags=["Ergonomia"],
    )
    arrived(sent, peer)
    shown = await ana.sees("Nostetaan oikein")
    assert (shown["uri"], shown["account"]["id"]) == (sent["id"], account["id"])
    assert (shown["spoiler_text"], shown["sensitive"], shown["language"]) == ("nosto", True, "fi")
    assert [tag["name"] for tag in shown["tags"]] == ["ergonomia"]
    assert [named["id"] for named in shown["mentions"]] == [str(ana.id)]
    assert (await told(ana, "mention"))["status"]["uri"] == sent["id"]
    tagged = await ana.get("/api/v1/timelines/tag/ergonomia")
    assert sent["id"] in [status["uri"] for status in tagged]


@pytest.mark.interop(
    "Create{Note}", "in", "public, unlisted, for followers, direct: as addressed", peer="Fedify"
)
@pytest.mark.parametrize("to", ["public", "unlisted", "followers", "direct"])
async def test_their_audiences_are_understood(
    peer: FedifyPeer, ana: Person, hq: RunningNode, to: Any
) -> None:
    await we_follow(ana, peer, "moss")
    other = await hq.person(f"other{ana.handle}")
    sent = await peer.post("moss", f"hush {to} {ana.handle}", to=to, mention=[ana.uri])
    arrived(sent, peer)
    shown = (await told(ana, "mention"))["status"]
    assert (shown["uri"], shown["visibility"]) == (sent["id"], VISIBILITY[to])
    listed = [one["uri"] for one in await other.get("/api/v1/timelines/public")]
    assert (sent["id"] in listed) is (to == "public")
    answer = await other.ask("GET", f"/api/v1/statuses/{shown['id']}")
    assert answer.status == (200 if to in {"public", "unlisted"} else 404)


@pytest.mark.interop("Create{Note}", "in", "an answer in the thread", peer="Fedify")
async def test_their_reply_is_in_the_thread(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    root = await ana.say("how?")
    await peer.wait_post(root["uri"])
    sent = await peer.post("fern", "so", in_reply_to=root["uri"], mention=[ana.uri])
    arrived(sent, peer)
    shown = (await told(ana, "mention"))["status"]
    assert (shown["uri"], shown["in_reply_to_id"]) == (sent["id"], root["id"])
    assert await thread_of(ana, root["id"]) == [root["uri"], sent["id"]]
    await shows(ana, root["id"], replies_count=1)


@pytest.mark.interop(
    "Update{Note}", "in", "the new words, and the old in its history", peer="Fedify"
)
async def test_their_edit_is_shown_with_its_history(peer: FedifyPeer, ana: Person) -> None:
    await we_follow(ana, peer, "fern")
    sent = await peer.post("fern", "<p>frist</p>")
    shown = await ana.sees("frist")
    arrived(await peer.edit(sent["id"], content="<p>first</p>", summary="typo"), peer)
    now = await shows(ana, shown["id"], content="<p>first</p>", spoiler_text="typo")
    assert now["edited_at"] is not None
    history = await ana.get(f"/api/v1/statuses/{shown['id']}/history")
    assert [version["content"] for version in history] == ["<p>frist</p>", "<p>first</p>"]


@pytest.mark.interop("Delete{Tombstone}", "in", "unreadable at once", peer="Fedify")
async def test_their_deletion_takes_it_away(peer: FedifyPeer, ana: Person) -> None:
    await we_follow(ana, peer, "fern")
    sent = await peer.post("fern", f"short lived {ana.handle}", mention=[ana.uri])
    shown = await ana.sees("short lived")
    arrived(await peer.delete(sent["id"]), peer)
    await is_gone(ana, shown["id"])
    assert sent["id"] not in [status["uri"] for status in await ana.home()]
    assert [one for one in await ana.notifications() if one["type"] == "mention"] == []


@pytest.mark.interop("Like", "in", "is counted and told", peer="Fedify")
@pytest.mark.interop("Undo{Like}", "in", "is counted no more", peer="Fedify")
@pytest.mark.interop("Announce", "in", "a share: is counted and told", peer="Fedify")
@pytest.mark.interop("Undo{Announce}", "in", "is counted no more", peer="Fedify")
async def test_their_like_and_share_are_counted_told_and_undone(
    peer: FedifyPeer, ana: Person
) -> None:
    await they_follow(peer, "moss", ana)
    made = await ana.say("worth it")
    await peer.wait_post(made["uri"])
    arrived(await peer.like("moss", made["uri"]), peer)
    arrived(await peer.announce("moss", made["uri"]), peer)
    await shows(ana, made["id"], favourites_count=1, reblogs_count=1)
    for kind in ("favourite", "reblog"):
        notice = await told(ana, kind)
        assert notice["account"]["uri"] == peer.actor("moss")
        assert notice["status"]["uri"] == made["uri"]
    arrived(await peer.unlike("moss", made["uri"]), peer)
    arrived(await peer.unannounce("moss", made["uri"]), peer)
    await shows(ana, made["id"], favourites_count=0, reblogs_count=0)
    kinds = [one["type"] for one in await ana.notifications()]
    assert not {"favourite", "reblog"} & set(kinds)


@pytest.mark.interop(
    "Announce", "in", "what is shared is fetched from its own server", peer="Fedify"
)
async def test_what_they_share_is_fetched_from_its_origin(peer: FedifyPeer, ana: Person) -> None:
    await we_follow(ana, peer, "fern")
    words = f"nobody here follows reed {ana.handle}"
    post = await peer.post("reed", words)
    arrived(await peer.announce("fern", post["id"]), peer)
    share = await ana.sees(words)
    assert share["account"]["uri"] == peer.actor("fern")
    assert share["reblog"]["uri"] == post["id"]
    assert share["reblog"]["account"]["uri"] == peer.actor("reed")
    await peer.unannounce("fern", post["id"])

    async def gone() -> bool:
        return share["id"] not in [status["id"] for status in await ana.home()]

    await until(gone)


@pytest.mark.interop("Update{Person}", "in", "the new name and bio", peer="Fedify")
async def test_their_changed_profile_is_shown(peer: FedifyPeer, ana: Person) -> None:
    account = await we_follow(ana, peer, "fern")
    arrived(await peer.update_actor("fern", name=f"Fern {ana.handle}", summary="lifts"), peer)

    async def changed() -> bool:
        now = await ana.get(f"/api/v1/accounts/{account['id']}")
        return (now["display_name"], now["note"]) == (f"Fern {ana.handle}", "lifts")

    await until(changed)


@pytest.mark.interop("draft-cavage", "in", "refused: nobody's, somebody else's", peer="Fedify")
@pytest.mark.interop("RFC 9421", "in", "refused: nobody's, somebody else's", peer="Fedify")
async def test_S02_nothing_unproven_or_foreign_is_taken(
    peer: FedifyPeer, ana: Person, scheme: Scheme
) -> None:
    """The positive twins are all tests above."""
    await we_follow(ana, peer, "fern")
    sent = await peer.post("fern", f"untouched {ana.handle}")
    shown = await ana.sees("untouched")
    inbox = f"{ana.node.origin}/inbox"
    stamp = f"{peer.origin}/forged/{ana.handle}"
    delete = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{stamp}/1",
        "type": "Delete",
        "actor": peer.actor("fern"),
        "object": sent["id"],
    }
    assert (await peer.deliver(None, inbox, delete))["status"] == 401
    assert (await peer.deliver("moss", inbox, delete, scheme=scheme))["status"] == 403
    other = delete | {"id": f"{stamp}/2", "actor": peer.actor("moss")}
    assert (await peer.deliver("moss", inbox, other, scheme=scheme))["status"] == 202
    note = {"id": sent["id"], "type": "Note", "attributedTo": peer.actor("fern"), "content": "no"}
    update = other | {"id": f"{stamp}/3", "type": "Update", "object": note}
    assert (await peer.deliver("moss", inbox, update, scheme=scheme))["status"] == 202
    await settled(ana.node)
    now = await ana.get(f"/api/v1/statuses/{shown['id']}")
    assert (now["content"], now["edited_at"]) == (shown["content"], None)


@pytest.mark.interop("FEP-8b32 proof", "in", "taken, if it fits", peer="Fedify")
async def test_their_proofs_verify_here(peer: FedifyPeer) -> None:
    async with stranger("sink") as sink:
        eve = sink.person("eve")
        await peer.post("fern", "proven", to="direct", mention=[eve.uri])
        sent = [seen for seen in sink.seen if seen.method == "POST"]
    document = orjson.loads(sent[0].body)
    whole = (await peer.fetch(peer.actor("fern")))["json"]
    keys = {key["id"]: key["publicKeyMultibase"] for key in whole["assertionMethod"]}
    method = proof_method(document)
    assert method is not None
    public = load_multikey(keys[method]).ed25519
    verify_proof(document, public)
    with pytest.raises(BadProof):
        verify_proof(document | {"published": "2020-01-01T00:00:00Z"}, public)
