"""Our people act; what matters is what a foreign server verified, and what it then shows."""

from typing import Any

import pytest

from domain.kinds import KeyType
from social.keys import rotate_keys
from tests.peers.fedify.records import Post
from tests.peers.meeting import acct, last_seq, they_follow, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Json, Person, RunningNode
from tests.together.stories import settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUDIENCE = {
    "public": "public",
    "unlisted": "unlisted",
    "private": "followers",
    "direct": "direct",
}
AS2 = {"Accept": "application/activity+json"}


async def shown(peer: FedifyPeer, status: Json, **expected: Any) -> Post:
    """A post of ours as the peer shows it."""
    return await peer.wait_post(status["uri"], **expected)


@pytest.mark.interop("Follow", "out", "is asked, and answered", peer="Fedify")
@pytest.mark.interop("Undo{Follow}", "out", "the follow is over", peer="Fedify")
@pytest.mark.interop("draft-cavage", "out", "verified there", peer="Fedify")
@pytest.mark.interop("RFC 9421", "out", "verified there", peer="Fedify")
async def test_our_follow_is_accepted_and_undone(peer: FedifyPeer, ana: Person) -> None:
    since = await last_seq(peer)
    account = await we_follow(ana, peer, "fern")
    await verified(peer, "Follow", ana, since=since)
    assert await peer.follower_state("fern", ana.uri) == "accepted"
    await ana.post(f"/api/v1/accounts/{account['id']}/unfollow")
    undo = await verified(peer, "Undo", ana, since=since)
    assert undo["document"]["object"]["type"] == "Follow"
    assert await peer.follower_state("fern", ana.uri) is None


@pytest.mark.interop("Accept{Follow}", "out", "the follow stands", peer="Fedify")
@pytest.mark.interop("Reject{Follow}", "out", "a follower is removed", peer="Fedify")
async def test_our_accept_and_later_reject_are_understood(peer: FedifyPeer, ana: Person) -> None:
    since = await last_seq(peer)
    who = await they_follow(peer, "moss", ana)
    await verified(peer, "Accept", ana, since=since)
    await ana.post(f"/api/v1/accounts/{who['id']}/remove_from_followers")
    await verified(peer, "Reject", ana, since=since)
    assert await peer.following_state("moss", ana.uri) == "rejected"
    quiet = await ana.say("nobody follows me", visibility="private")
    await settled(ana.node)
    assert await peer.post_named(quiet["uri"]) is None


@pytest.mark.interop("Create{Note}", "out", "with names, tags, warning and language", peer="Fedify")
async def test_our_post_with_everything_is_shown(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    since = await last_seq(peer)
    made = await ana.say(
        f"Nostetaan oikein {acct(peer, 'reed')} #Ergonomia", spoiler_text="nosto", language="fi"
    )
    post = await shown(peer, made)
    assert (post["type"], post["author"], post["visibility"]) == ("Note", ana.uri, "public")
    assert "Nostetaan oikein" in (post["content"] or "")
    assert (post["summary"], post["language"], post["hashtags"]) == ("nosto", "fi", ["#Ergonomia"])
    assert post["mentions"] == [{"href": peer.actor("reed"), "name": acct(peer, "reed")}]
    assert (await peer.people())[ana.uri]["handle"] == ana.handle
    seen = await verified(peer, "Create", ana, since=since)
    assert seen["inbox"] == "shared"


@pytest.mark.interop(
    "FEP-8b32 proof", "out", "on what is public, and on nothing else", peer="Fedify"
)
async def test_our_proofs_on_public_posts_verify_there(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    since = await last_seq(peer)
    await ana.say("for everybody")
    seen = await verified(peer, "Create", ana, since=since)
    assert seen["proof"] == "verified"
    assert await peer.verify_proof("moss", seen["document"]) == "verified"
    changed = {**seen["document"], "published": "2020-01-01T00:00:00Z"}
    assert await peer.verify_proof("moss", changed) == "invalid"
    await ana.say("for few", visibility="private")
    private = await verified(peer, "Create", ana, since=seen["seq"])
    assert private["proof"] == "none", "what is for few carries no evidence for others"


@pytest.mark.interop("New keys", "out", "under new ids; taken at once", peer="Fedify")
async def test_our_new_keys_are_taken(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    since, node = await last_seq(peer), ana.node
    new = await node.parts.keyring.generate()
    await node.db.write(rotate_keys, node=node.node, actor_id=ana.id, new=new)
    for key_type in KeyType:  # the two seconds for which a process keeps the old ones are over
        await node.parts.keyring.newest_key(node.db, ana.id, key_type)
    await settled(node)
    made = await ana.say("signed by another key")
    await shown(peer, made)
    seen = await verified(peer, "Create", ana, since=since, key="main-key-2")
    assert (seen["proof"], seen["document"]["object"]["id"]) == ("verified", made["uri"])
    assert seen["document"]["proof"]["verificationMethod"] == f"{ana.uri}#ed25519-key-2"
    assert await peer.verify_proof("moss", seen["document"]) == "verified"


@pytest.mark.interop(
    "Create{Note}", "out", "public, unlisted, for followers, direct: as addressed", peer="Fedify"
)
@pytest.mark.parametrize("visibility", ["public", "unlisted", "private", "direct"])
async def test_our_audiences_are_understood(peer: FedifyPeer, ana: Person, visibility: str) -> None:
    await they_follow(peer, "moss", ana)
    since = await last_seq(peer)
    made = await ana.say(f"hush {acct(peer, 'moss')}", visibility=visibility)
    post = await shown(peer, made)
    assert post["visibility"] == AUDIENCE[visibility]
    seen = await verified(peer, "Create", ana, since=since)
    document = seen["document"]
    assert (document["to"], document.get("cc")) == (
        document["object"]["to"],
        document["object"].get("cc"),
    )


@pytest.mark.interop("Create{Note}", "out", "an answer in the thread", peer="Fedify")
async def test_our_reply_is_in_their_thread(peer: FedifyPeer, ana: Person) -> None:
    await we_follow(ana, peer, "fern")
    root = (await peer.post("fern", f"how? {ana.handle}"))["id"]
    seen = await ana.sees(f"how? {ana.handle}")
    reply = await ana.say("so", in_reply_to_id=seen["id"])
    post = await shown(peer, reply)
    assert (post["in_reply_to"], post["author"]) == (root, ana.uri)


@pytest.mark.interop("Update{Note}", "out", "the new words", peer="Fedify")
@pytest.mark.interop("Delete{Tombstone}", "out", "gone there", peer="Fedify")
async def test_our_edit_and_deletion_are_shown(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    since = await last_seq(peer)
    made = await ana.say("frist")
    assert (await shown(peer, made))["updated"] is None
    await ana.put(f"/api/v1/statuses/{made['id']}", status="first", spoiler_text="typo")
    await verified(peer, "Update", ana, since=since)
    edited = await shown(peer, made, summary="typo")
    assert edited["content"] == "<p>first</p>"
    assert edited["updated"] is not None
    await ana.delete(f"/api/v1/statuses/{made['id']}")
    await verified(peer, "Delete", ana, since=since)
    assert (await shown(peer, made, deleted=True))["content"] is None
    gone = await peer.fetch(made["uri"], as_="fern")
    assert gone["status"] in {404, 410}


@pytest.mark.interop("Like", "out", "is counted there", peer="Fedify")
@pytest.mark.interop("Undo{Like}", "out", "is counted no more", peer="Fedify")
@pytest.mark.interop("Announce", "out", "a share: is counted there", peer="Fedify")
@pytest.mark.interop("Undo{Announce}", "out", "is counted no more", peer="Fedify")
async def test_our_like_and_share_and_their_undoing(peer: FedifyPeer, ana: Person) -> None:
    await we_follow(ana, peer, "fern")
    post = (await peer.post("fern", f"worth it {ana.handle}"))["id"]
    seen = await ana.sees(f"worth it {ana.handle}")
    since = await last_seq(peer)
    await ana.post(f"/api/v1/statuses/{seen['id']}/favourite")
    await peer.wait_post(post, likes=[ana.uri])
    await verified(peer, "Like", ana, since=since)
    await ana.post(f"/api/v1/statuses/{seen['id']}/reblog")
    await peer.wait_post(post, shares=[ana.uri])
    await verified(peer, "Announce", ana, since=since)
    await ana.post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await ana.post(f"/api/v1/statuses/{seen['id']}/unreblog")
    await peer.wait_post(post, likes=[], shares=[])
    undone = [one for one in await peer.received("Undo", since=since) if one["actor"] == ana.uri]
    assert {one["document"]["object"]["type"] for one in undone} == {"Like", "Announce"}


@pytest.mark.interop(
    "Announce", "out", "a share: reaches followers, fetched from its origin", peer="Fedify"
)
async def test_what_we_share_reaches_our_followers_there(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "moss", ana)
    other = await ana.node.person(f"bea{ana.handle}")
    made = await other.say("not followed from there")
    await ana.post(f"/api/v1/statuses/{made['id']}/reblog")
    post = await shown(peer, made, via=ana.uri)
    assert "not followed from there" in (post["content"] or "")
    assert post["author"] == other.uri


@pytest.mark.interop("Update{Person}", "out", "the new name, bio and lock", peer="Fedify")
async def test_our_changed_profile_is_shown(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    since = await last_seq(peer)
    profile = {"display_name": "Ana Ruiz", "note": "Lifts safely", "locked": True}
    answer = await ana.ask("PATCH", "/api/v1/accounts/update_credentials", json=profile)
    assert answer.status == 200
    await verified(peer, "Update", ana, since=since)
    person = (await peer.people())[ana.uri]
    assert (person["name"], person["manually_approves"]) == ("Ana Ruiz", True)
    assert "Lifts safely" in (person["summary"] or "")


# What we serve, and to whom.


@pytest.mark.interop("Person", "out", "whole for who knows them, a stub for others", peer="Fedify")
async def test_our_actor_is_whole_for_who_knows_and_a_stub_for_others(
    peer: FedifyPeer, ana: Person
) -> None:
    await they_follow(peer, "fern", ana)
    whole = await peer.fetch(ana.uri, as_="reed")
    assert (whole["status"], whole["scheme"]) == (200, peer.knock)
    assert whole["json"]["outbox"] == f"{ana.uri}/outbox"
    stub = await peer.fetch(ana.uri)
    assert stub["status"] == 200
    assert set(stub["json"]) == {
        *("@context", "id", "type", "preferredUsername", "inbox", "publicKey"),
    }
    assert stub["json"]["publicKey"]["owner"] == ana.uri


async def test_who_is_not_known_there_is_not_found(
    peer: FedifyPeer, inner: RunningNode, handle: str
) -> None:
    secret = await inner.person(handle)
    nothing = await peer.fetch(f"{inner.origin}/a/1", as_="fern")
    finger = f"{inner.origin}/.well-known/webfinger?resource=acct:{secret.acct[1:]}"
    for url in (secret.uri, f"{secret.uri}/outbox", f"{secret.uri}/followers", finger):
        for as_ in ("fern", None):
            answer = await peer.fetch(url, as_=as_)
            assert (answer["status"], answer["body"]) == (404, nothing["body"]), url


@pytest.mark.interop("Note", "out", "served to who may read it; else 404", peer="Fedify")
async def test_our_posts_are_fetched_by_the_right_actors_only(
    peer: FedifyPeer, ana: Person
) -> None:
    await they_follow(peer, "fern", ana)
    nothing = await peer.fetch(f"{ana.node.origin}/o/1", as_="fern")
    assert nothing["status"] == 404
    everybody = await ana.say("for everybody")
    few = await ana.say("for followers", visibility="private")
    one = await ana.say(f"for moss {acct(peer, 'moss')}", visibility="direct")
    rights: dict[str, set[str | None]] = {
        everybody["uri"]: {"fern", "moss", "reed", None},
        few["uri"]: {"fern"},
        one["uri"]: {"moss"},
    }
    for url, readers in rights.items():
        for as_ in ("fern", "moss", "reed", None):
            answer = await peer.fetch(url, as_=as_)
            if as_ in readers:
                assert (answer["status"], answer["json"]["id"]) == (200, url)
            else:
                assert (answer["status"], answer["body"]) == (404, nothing["body"]), (url, as_)


async def test_S02_a_bad_signature_opens_nothing(peer: FedifyPeer, ana: Person) -> None:
    """The positive twin is test_our_posts_are_fetched_by_the_right_actors_only."""
    await they_follow(peer, "fern", ana)
    few = await ana.say("for followers", visibility="private")
    spoiled = {"Signature": f'keyId="{peer.actor("fern")}#main-key",signature="AAAA"'}
    answers = [
        await peer.fetch(url, headers=spoiled) for url in (few["uri"], f"{ana.node.origin}/o/1")
    ]
    assert answers[0]["status"] in {400, 401, 404}
    assert (answers[0]["status"], answers[0]["body"]) == (
        answers[1]["status"],
        answers[1]["body"],
    )


@pytest.mark.interop("outbox", "out", "what the signer may read, and no names", peer="Fedify")
@pytest.mark.interop("followers", "out", "of a person: no names and no number", peer="Fedify")
@pytest.mark.interop("following", "out", "of a person: no names and no number", peer="Fedify")
async def test_P02_our_collections_name_nobody(peer: FedifyPeer, ana: Person) -> None:
    await they_follow(peer, "fern", ana)
    made = await ana.say("for everybody")
    few = await ana.say("for followers", visibility="private")
    for name in ("followers", "following"):
        found = (await peer.fetch(f"{ana.uri}/{name}", as_="fern"))["json"]
        assert (found["totalItems"], found["orderedItems"]) == (0, [])
    readable = {"fern": [few["uri"], made["uri"]], "moss": [made["uri"]], None: [made["uri"]]}
    for as_, uris in readable.items():
        outbox = (await peer.fetch(f"{ana.uri}/outbox?page=true", as_=as_))["json"]
        assert [item["object"]["id"] for item in outbox["orderedItems"]] == uris, as_
