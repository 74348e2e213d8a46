"""Collections and threads: what Fedify reads of ours, page by page, and what we read of its."""

import pytest

from tests.peers.meeting import acct, arrived, they_follow, we_follow
from tests.support.fedify import FedifyPeer, PeerError
from tests.support.nodes import Json, Person, until
from tests.together.stories import following, settled, standing

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ids(peer: FedifyPeer, url: str | None, as_: str | None) -> list[str | None]:
    assert url is not None
    return [item["id"] for item in (await peer.traverse(url, as_=as_))["items"]]


@pytest.mark.interop("outbox", "out", "traversed page by page", peer="Fedify")
async def test_our_outbox_is_traversed_by_who_may_read(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    said = [await ana.say(f"word {number}") for number in range(25)]
    few = await ana.say("for followers", visibility="private")
    await peer.wait_post(few["uri"])
    outbox = f"{ana.uri}/outbox"
    as_follower = await peer.traverse(outbox, as_=rue)
    as_other = await peer.traverse(outbox, as_="reed")
    assert {item["type"] for item in as_follower["items"]} == {"Create"}
    assert (len(as_follower["items"]), len(as_other["items"])) == (len(said) + 1, len(said))


@pytest.mark.interop("replies", "out", "traversed, as the signer may read them", peer="Fedify")
@pytest.mark.interop("context", "out", "traversed, as the signer may read it", peer="Fedify")
async def test_our_replies_and_context_are_traversed_by_who_may_read(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    root = await ana.say("how?")
    first = await ana.say("so", in_reply_to_id=root["id"])
    second = await ana.say("and so", in_reply_to_id=first["id"])
    hidden = await ana.say("between us", in_reply_to_id=root["id"], visibility="private")
    for one in (root, first, second, hidden):
        await peer.wait_post(one["uri"])
    post = await peer.wait_post(root["uri"])
    replies = {as_: await ids(peer, post["replies"], as_) for as_ in (rue, "reed", None)}
    assert replies[rue] == [first["uri"], hidden["uri"]]
    assert replies["reed"] == replies[None] == [first["uri"]]
    thread = await ids(peer, post["context"], "reed")
    assert thread == [root["uri"], first["uri"], second["uri"]]
    assert set(await ids(peer, post["context"], rue)) == {*thread, hidden["uri"]}


@pytest.mark.interop("replies", "out", "404 for who may not read the post", peer="Fedify")
async def test_P06_collections_of_what_may_not_be_read_are_not_there(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    few = await ana.say("for followers", visibility="private")
    answer = await ana.say("one more", in_reply_to_id=few["id"], visibility="private")
    post = await peer.wait_post(few["uri"])
    await peer.wait_post(answer["uri"])
    assert await ids(peer, post["replies"], rue) == [answer["uri"]]
    for collection in (post["replies"], post["context"]):
        for as_ in ("reed", None):
            with pytest.raises(PeerError, match="no collection"):
                await ids(peer, collection, as_)


@pytest.mark.interop("replies", "in", "answers that nobody delivered are fetched", peer="Fedify")
async def test_a_thread_of_theirs_is_made_whole(peer: FedifyPeer, ana: Person, rue: str) -> None:
    await we_follow(ana, peer, rue)
    words = f"how? {ana.handle}"
    root = await peer.post(rue, words, replies=True)
    answers = [
        await peer.post("reed", f"so {number}", in_reply_to=root["id"], deliver=False)
        for number in range(2)
    ]
    seen = await ana.sees(words)

    async def thread() -> Json:
        found = await ana.get(f"/api/v1/statuses/{seen['id']}/context")
        return {one["uri"] for one in found["descendants"]}

    first = await ana.ask("GET", f"/api/v1/statuses/{seen['id']}/context")
    assert "Mastodon-Async-Refresh" in first.headers

    async def whole() -> bool:
        return bool(await thread() == {answer["id"] for answer in answers})

    await until(whole)


@pytest.mark.interop("inReplyTo", "in", "what is answered is fetched, upwards", peer="Fedify")
async def test_what_they_answer_is_fetched(peer: FedifyPeer, ana: Person, rue: str) -> None:
    account = await we_follow(ana, peer, rue)
    root = await peer.post("reed", f"nobody here heard this {ana.handle}")
    middle = await peer.post("moss", "nor this", in_reply_to=root["id"])
    words = f"only this {ana.handle}"
    last = await peer.post(rue, words, in_reply_to=middle["id"])
    arrived(last, peer)
    seen = await ana.sees(words, f"/api/v1/accounts/{account['id']}/statuses")

    async def above() -> bool:
        context = await ana.get(f"/api/v1/statuses/{seen['id']}/context")
        return [one["uri"] for one in context["ancestors"]] == [root["id"], middle["id"]]

    await until(above)


@pytest.mark.interop(
    "Collection-Synchronization", "in", "a follow that ended there ends here", peer="Fedify"
)
async def test_8fcf_a_follow_that_they_forgot_ends_here(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    bea = await ana.node.person(f"bea{ana.handle}")
    await bea.home()
    account = await we_follow(ana, peer, rue)
    await we_follow(bea, peer, rue)
    agreed = await peer.post(rue, f"for both {ana.handle}", to="followers", sync=True)
    arrived(agreed, peer)
    for person in (ana, bea):
        await person.sees(f"for both {ana.handle}")
    await following(ana, account["id"])
    await peer.forget_follower(rue, ana.uri)
    await peer.post(rue, f"for bea alone {ana.handle}", to="followers", sync=True)
    await bea.sees(f"for bea alone {ana.handle}")
    await following(ana, account["id"], is_so=False)
    await settled(ana.node)
    assert not [one for one in await ana.home() if "for bea alone" in one["content"]]
    assert (await standing(bea, account["id"]))["following"] is True


@pytest.mark.interop(
    "Collection-Synchronization", "out", "the digest of its followers there", peer="Fedify"
)
async def test_8fcf_what_is_for_followers_says_who_follows_there(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    await they_follow(peer, rue, ana)
    await they_follow(peer, "moss", ana)
    few = await ana.say("for followers", visibility="private")
    await peer.wait_post(few["uri"])
    sent = [
        one
        for one in await peer.requests()
        if one["synchronization"] and ana.uri in one["synchronization"]
    ]
    said = sent[-1]["synchronization"] or ""
    url = said.partition('url="')[2].partition('"')[0]
    listed = await peer.traverse(url, as_="moss")
    assert {item["id"] for item in listed["items"]} == {peer.actor(rue), peer.actor("moss")}
    with pytest.raises(PeerError, match="no collection"):
        await peer.traverse(url)


@pytest.mark.interop("Person", "in", "found by handle; profile and figures", peer="Fedify")
async def test_what_they_wrote_before_is_found_by_its_address(
    peer: FedifyPeer, ana: Person, rue: str
) -> None:
    old = await peer.post(rue, "long ago")
    found = await ana.find_post(old["id"])
    assert found["account"]["acct"] == acct(peer, rue)[1:]
