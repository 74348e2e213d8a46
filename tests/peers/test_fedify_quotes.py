"""Quotes by consent (FEP-044f) and reactions (FEP-c0e0), with Fedify on either side."""

import pytest

from tests.peers.meeting import arrived, last_seq, they_follow, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Json, Person, until
from tests.together.stories import settled, told
from tests.together.test_emoji_reactions import reacts
from tests.together.test_emoji_reactions import shows as reacted
from tests.together.test_quotes import quote_is

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATUSES = "/api/v1/statuses"


async def quotes_of(person: Person, status: Json) -> int:
    return int((await person.get(f"{STATUSES}/{status['id']}"))["quotes_count"])


async def answered(peer: FedifyPeer, quote_id: str, state: str) -> None:
    """Wait until the peer heard how its QuoteRequest was answered."""
    await peer.wait_post(quote_id, quote_state=state)


@pytest.mark.interop(
    "QuoteRequest", "in", "is accepted by policy, with a QuoteAuthorization", peer="Fedify"
)
@pytest.mark.interop("Accept{QuoteRequest}", "out", "with an authorization to fetch", peer="Fedify")
@pytest.mark.interop("QuoteAuthorization", "out", "names both posts and the author", peer="Fedify")
async def test_they_quote_a_post_of_ours_with_consent(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    await we_follow(ana, peer, rue)
    made = await ana.say("Measure twice")
    await peer.wait_post(made["uri"])
    sent = await peer.quote(rue, made["uri"], f"So true {ana.handle}")
    arrived(sent, peer)
    await answered(peer, sent["id"], "accepted")
    notice = await told(ana, "quote")
    assert notice["status"]["uri"] == sent["id"]
    seen = await ana.sees(f"So true {ana.handle}")
    shown = await quote_is(ana, seen["id"], "accepted")
    assert shown["quoted_status"]["uri"] == made["uri"]  # type: ignore[index]
    assert await quotes_of(ana, made) == 1
    post = await peer.post_named(sent["id"])
    assert post is not None
    assert post["quote_authorization"] is not None
    stamp = (await peer.fetch(post["quote_authorization"], as_="reed"))["json"]
    assert stamp["type"] == "QuoteAuthorization"
    assert (stamp["attributedTo"], stamp["interactionTarget"], stamp["interactingObject"]) == (
        ana.uri, made["uri"], sent["id"],
    )  # fmt: skip


@pytest.mark.interop("QuoteRequest", "in", "refused where the policy says so", peer="Fedify")
@pytest.mark.interop("Reject{QuoteRequest}", "out", "the quote stays hidden", peer="Fedify")
async def test_their_quote_without_permission_shows_nothing(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    """The positive twin is the test above."""
    await they_follow(peer, rue, ana)
    await we_follow(ana, peer, rue)
    made = await ana.say("Mine alone", quote_approval_policy="nobody")
    await peer.wait_post(made["uri"])
    sent = await peer.quote(rue, made["uri"], f"but I {ana.handle}")
    await answered(peer, sent["id"], "rejected")
    seen = await ana.sees(f"but I {ana.handle}")
    await settled(ana.node)
    quote = (await ana.get(f"{STATUSES}/{seen['id']}"))["quote"]
    assert quote is None or quote["quoted_status"] is None
    assert await quotes_of(ana, made) == 0
    forged = f"{peer.origin}/stamps/forged"
    await peer.edit(sent["id"], quote_authorization=forged)
    await settled(ana.node)
    assert await quotes_of(ana, made) == 0


@pytest.mark.interop(
    "QuoteRequest", "in", "dropped: for what the actor may not read", peer="Fedify"
)
async def test_O11_they_do_not_quote_what_they_may_not_read(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    few = await ana.say("for followers", visibility="private")
    await peer.wait_post(few["uri"])
    note = await peer.post("reed", "a leak", quote=few["uri"])
    request = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "QuoteRequest",
        "actor": peer.actor("reed"),
        "object": few["uri"],
        "instrument": note["id"],
    }
    since = await last_seq(peer)
    answer = await peer.deliver("reed", f"{ana.uri}/inbox", request, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(ana.node)
    answers = [one for one in await peer.received(since=since) if one["actor"] == ana.uri]
    assert answers == []
    assert await quotes_of(ana, few) == 0


@pytest.mark.interop("Delete{QuoteAuthorization}", "out", "consent is taken back", peer="Fedify")
async def test_we_take_our_consent_back(peer: FedifyPeer, ana: Person, rue: str) -> None:
    await they_follow(peer, rue, ana)
    made = await ana.say("Measure twice")
    await peer.wait_post(made["uri"])
    sent = await peer.quote(rue, made["uri"], f"So true {ana.handle}")
    await answered(peer, sent["id"], "accepted")
    stamped = await peer.post_named(sent["id"])
    notice = await told(ana, "quote")

    async def counted() -> bool:
        return await quotes_of(ana, made) == 1

    await until(counted)
    since = await last_seq(peer)
    quoting = notice["status"]["id"]
    await ana.post(f"{STATUSES}/{made['id']}/quotes/{quoting}/revoke")
    await verified(peer, "Delete", ana, since=since, outcome="recorded: unknown post")
    assert await quotes_of(ana, made) == 0
    assert stamped is not None
    assert stamped["quote_authorization"] is not None
    gone = await peer.fetch(stamped["quote_authorization"], as_=rue)
    assert gone["status"] in {404, 410}


@pytest.mark.interop("QuoteRequest", "out", "is answered by the post's policy", peer="Fedify")
@pytest.mark.interop(
    "Accept{QuoteRequest}", "in", "the quote is sent anew with its proof", peer="Fedify"
)
@pytest.mark.interop(
    "QuoteAuthorization", "in", "fetched from the quoted author's server", peer="Fedify"
)
@pytest.mark.interop("Delete{QuoteAuthorization}", "in", "hides the quote for good", peer="Fedify")
async def test_we_quote_a_post_of_theirs_with_consent_that_may_end(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await we_follow(ana, peer, rue)
    await they_follow(peer, rue, ana)
    words = f"Measure twice {ana.handle}"
    theirs = await peer.post(rue, words, can_quote="public")
    seen = await ana.sees(words)
    assert seen["quote_approval"]["current_user"] == "automatic"
    since = await last_seq(peer)
    quoting = await ana.say("So true", quoted_status_id=seen["id"])
    shown = await quote_is(ana, quoting["id"], "accepted")
    assert shown["quoted_status"]["uri"] == theirs["id"]  # type: ignore[index]
    await verified(peer, "QuoteRequest", ana, since=since)

    async def proven() -> bool:
        post = await peer.post_named(quoting["uri"])
        return post is not None and post["quote_authorization"] is not None

    await peer.until(proven, what="the quote with its authorization")
    post = await peer.wait_post(quoting["uri"], quote=theirs["id"])
    assert (post["quote_authorization"] or "").startswith(f"{peer.origin}/stamps/")
    arrived(await peer.revoke_quotes(theirs["id"], ana.uri), peer)
    await quote_is(ana, quoting["id"], "revoked")


@pytest.mark.interop("Reject{QuoteRequest}", "in", "our post shows no quote", peer="Fedify")
async def test_we_do_not_quote_a_post_of_theirs_without_consent(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    """The policy changed while our request was under way; the positive twin is the test above."""
    await we_follow(ana, peer, rue)
    words = f"Mine alone {ana.handle}"
    theirs = await peer.post(rue, words, can_quote="public")
    seen = await ana.sees(words)
    await peer.edit(theirs["id"], can_quote="nobody", deliver=False)
    quoting = await ana.say("but I", quoted_status_id=seen["id"])
    shown = await quote_is(ana, quoting["id"], "rejected")
    assert shown["quoted_status"] is None


@pytest.mark.interop("EmojiReact", "in", "a like that keeps its emoji", peer="Fedify")
@pytest.mark.interop("Undo{EmojiReact}", "in", "is counted no more", peer="Fedify")
async def test_their_reaction_is_shown_and_taken_back(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    made = await ana.say("worth it")
    await peer.wait_post(made["uri"])
    arrived(await peer.react(rue, made["uri"], "🎉"), peer)
    await reacted(ana, made["id"], ("🎉", 1))
    assert (await ana.get(f"{STATUSES}/{made['id']}"))["favourites_count"] == 1
    arrived(await peer.unreact(rue, made["uri"]), peer)
    await reacted(ana, made["id"])
    assert (await ana.get(f"{STATUSES}/{made['id']}"))["favourites_count"] == 0


@pytest.mark.interop("EmojiReact", "in", "dropped: to what the actor may not read", peer="Fedify")
async def test_O11_they_do_not_react_to_what_they_may_not_read(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    few = await ana.say("for followers", visibility="private")
    await peer.wait_post(few["uri"])
    arrived(await peer.react("reed", few["uri"], "🎉"), peer)
    arrived(await peer.react(rue, few["uri"], "💡"), peer)
    await reacted(ana, few["id"], ("💡", 1))
    await settled(ana.node)
    await reacted(ana, few["id"], ("💡", 1))


@pytest.mark.interop(
    "Like with an emoji", "out", "counted where emoji are not known", peer="Fedify"
)
async def test_our_reaction_is_a_like_there_and_taken_back(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await we_follow(ana, peer, rue)
    words = f"worth it {ana.handle}"
    theirs = await peer.post(rue, words)
    seen = await ana.sees(words)
    await reacts(ana, seen["id"], "🎉")
    await peer.wait_post(theirs["id"], likes=[ana.uri])
    likes = [one for one in await peer.received("Like") if one["actor"] == ana.uri]
    assert likes[-1]["document"]["content"] == "🎉"
    await ana.delete(f"/api/v1/pleroma/statuses/{seen['id']}/reactions/🎉")
    await peer.wait_post(theirs["id"], likes=[])
