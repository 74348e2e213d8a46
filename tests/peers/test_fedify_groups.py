"""Groups as in FEP-1b12, with Fedify on either side: it has one, or its people are in ours."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from domain.kinds import Preset
from tests.peers.fedify.records import Sent
from tests.peers.meeting import acct, arrived, last_seq, verified, we_follow
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Json, Person, RunningNode, until
from tests.together.communities import Community, found, note_for
from tests.together.stories import known, settled

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@dataclass
class Books:
    """Ana follows a group of Fedify's; Rue writes at a third server."""

    ana: Person
    peer: FedifyPeer
    third: FedifyPeer
    handle: str
    account: Json

    @property
    def uri(self) -> str:
        return self.peer.actor(self.handle)

    @property
    def timeline(self) -> str:
        return f"/api/v1/timelines/list/g{self.account['id']}"

    async def shown(self) -> list[str]:
        return [one["reblog"]["content"] for one in await self.ana.get(self.timeline)]

    async def wrote(self, author: str, words: str) -> Sent:
        """Somebody at the third server writes in the group, whose server hears it."""
        sent = await self.third.post(author, words, to=[PUBLIC, self.uri], audience=self.uri)
        await self.peer.wait_post(sent["id"])
        return sent


@pytest_asyncio.fixture(loop_scope="module")
async def books(ana: Person, peer: FedifyPeer, third: FedifyPeer, rue: str, handle: str) -> Books:
    name = f"books{handle}"
    await peer.new_actor(name, "Group", name="Books", summary="<p>What we read</p>")
    await third.new_actor(rue)
    account = await we_follow(ana, peer, name)
    assert account["group"] is True
    return Books(ana, peer, third, name, account)


@pytest.mark.interop(
    "Announce{Create{Note}}",
    "in",
    "stands in the group's list, fetched from its author",
    peer="Fedify",
)
@pytest.mark.interop(
    "Announce{Note}", "in", "the same post once more is no second one", peer="Fedify"
)
async def test_what_their_group_announces_comes_once(books: Books, rue: str) -> None:
    sent = await books.wrote(rue, "Read slowly.")
    arrived(await books.peer.pass_on(books.handle, sent["activity"]), books.peer)
    seen = await books.ana.sees("Read slowly.", books.timeline)
    assert seen["account"]["acct"] == acct(books.peer, books.handle)[1:]
    assert seen["reblog"]["account"]["acct"] == acct(books.third, rue)[1:]
    arrived(await books.peer.share_as_group(books.handle, sent["id"]), books.peer)
    await settled(books.ana.node)
    assert len(await books.shown()) == 1
    mine = [one for one in await books.ana.home() if one["reblog"]]
    assert [one["reblog"]["uri"] for one in mine] == [sent["id"]]


@pytest.mark.interop("Announce{Note}", "in", "stands in the group's list", peer="Fedify")
async def test_a_group_that_only_boosts_is_heard(books: Books, rue: str) -> None:
    sent = await books.wrote(rue, "Only boosted.")
    arrived(await books.peer.share_as_group(books.handle, sent["id"]), books.peer)
    await books.ana.sees("Only boosted.", books.timeline)


@pytest.mark.interop("Announce{Update}", "in", "the post is changed", peer="Fedify")
@pytest.mark.interop("Announce{Delete}", "in", "the post is gone", peer="Fedify")
@pytest.mark.interop("Announce{Like}", "in", "is counted", peer="Fedify")
async def test_edits_likes_and_deletes_come_by_the_group(books: Books, rue: str) -> None:
    sent = await books.wrote(rue, "Read slowly.")
    await books.peer.pass_on(books.handle, sent["activity"])
    seen = await books.ana.sees("Read slowly.", books.timeline)
    status = f"/api/v1/statuses/{seen['reblog']['id']}"
    like = await books.peer.like("fern", sent["id"])
    await books.peer.pass_on(books.handle, document=like["document"])

    async def liked() -> bool:
        return bool((await books.ana.get(status))["favourites_count"] == 1)

    await until(liked)
    edited = await books.third.edit(sent["id"], content="Read fast.")
    await books.peer.pass_on(books.handle, document=edited["document"])
    await books.ana.sees("Read fast.", books.timeline)
    deleted = await books.third.delete(sent["id"])
    await books.peer.pass_on(books.handle, document=deleted["document"])

    async def gone() -> bool:
        return (await books.ana.ask("GET", status)).status == 404

    await until(gone)
    assert await books.shown() == []


@pytest.mark.interop(
    "Announce{Update}",
    "in",
    "refused: words that their author's server does not have",
    peer="Fedify",
)
async def test_O07_their_group_puts_no_words_in_anybodys_mouth(books: Books, rue: str) -> None:
    """The positive twin is test_edits_likes_and_deletes_come_by_the_group."""
    sent = await books.wrote(rue, "What was said.")
    create = {key: value for key, value in sent["document"].items() if key != "proof"}
    forged = create | {"object": create["object"] | {"content": "<p>What was never said.</p>"}}
    await books.peer.pass_on(books.handle, document=forged)
    await books.ana.sees("What was said.", books.timeline)
    update = forged | {"type": "Update", "id": f"{create['id']}-update"}
    await books.peer.pass_on(books.handle, document=update)
    delete = {**update, "type": "Delete", "object": sent["id"], "id": f"{create['id']}-delete"}
    await books.peer.pass_on(books.handle, document=delete)
    await settled(books.ana.node)
    assert [one for one in await books.shown() if "never" in one] == []
    assert len(await books.shown()) == 1


@pytest.mark.interop(
    "Announce", "in", "dropped: by a group that nobody here follows", peer="Fedify"
)
async def test_a_group_that_nobody_follows_is_not_heard(books: Books, rue: str) -> None:
    """The positive twin is test_what_their_group_announces_comes_once."""
    other = f"other{books.handle}"
    await books.peer.new_actor(other, "Group")
    sent = await books.wrote(rue, f"Unheard {books.handle}.")
    inbox = f"{books.ana.node.origin}/inbox"
    announce = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{books.peer.origin}/forged/{books.handle}",
        "type": "Announce",
        "actor": books.peer.actor(other),
        "to": [PUBLIC],
        "object": sent["document"],
    }
    answer = await books.peer.deliver(other, inbox, announce, scheme=books.peer.knock)
    assert answer["status"] == 202
    await settled(books.ana.node)
    assert await books.shown() == []
    assert not [one for one in await books.ana.home() if "Unheard" in str(one)]


@pytest.mark.interop(
    "Create{Note}", "out", "to a group elsewhere, which announces it", peer="Fedify"
)
async def test_our_posts_answers_and_likes_reach_their_group(books: Books, rue: str) -> None:
    group = acct(books.peer, books.handle)
    said = await books.ana.say(f"{group} What do you read?")
    post = await books.peer.wait_post(said["uri"], audience=books.uri)
    assert (post["visibility"], post["author"]) == ("public", books.ana.uri)
    seen = await verified(books.peer, "Create", books.ana, since=0)
    await books.peer.pass_on(books.handle, seen["id"])
    await books.ana.sees("What do you read?", books.timeline)
    sent = await books.wrote(rue, "Read slowly.")
    await books.peer.pass_on(books.handle, sent["activity"])
    heard = await books.ana.sees("Read slowly.", books.timeline)
    since = await last_seq(books.peer)
    answer = await books.ana.say("Why?", in_reply_to_id=heard["reblog"]["id"])
    await books.peer.wait_post(answer["uri"], in_reply_to=sent["id"], audience=books.uri)
    await books.ana.post(f"/api/v1/statuses/{heard['reblog']['id']}/favourite")
    await verified(books.peer, "Like", books.ana, since=since)
    await books.third.wait_post(sent["id"], likes=[books.ana.uri])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def club(hq: RunningNode) -> AsyncIterator[Community]:
    """A community of ours that is open to the world."""
    founder, other = await known(hq, "flora"), await known(hq, "gil")
    yield await found(hq, founder, other, preset=Preset.WORLD)


@pytest_asyncio.fixture(loop_scope="module")
async def member(club: Community, peer: FedifyPeer, rue: str) -> str:
    """Rue follows it, which is joining."""
    await peer.follow(rue, club.uri)

    async def accepted() -> bool:
        return await peer.following_state(rue, club.uri) == "accepted"

    await peer.until(accepted, what="the Accept by our community")
    await club.takes_in(peer.actor(rue))
    return rue


@pytest.mark.interop(
    "Announce{Create{Note}}", "out", "whole, for who follows the community", peer="Fedify"
)
@pytest.mark.interop(
    "Announce{Note}", "out", "and by its id, for who begins threads", peer="Fedify"
)
async def test_who_follows_our_open_community_hears_it(
    club: Community, member: str, peer: FedifyPeer, ana: Person
) -> None:
    await ana.follow(club.acct)
    await club.takes_in(ana.uri)
    since = await last_seq(peer)
    made = await ana.say(f"@{club.handle} Use your knees {ana.handle}.")
    await peer.wait_post(made["uri"], via=club.uri, audience=club.uri)

    async def both() -> bool:
        got = await peer.received("Announce", since=since)
        kinds = {type(one["document"]["object"]) for one in got if one["actor"] == club.uri}
        return kinds == {str, dict}

    await peer.until(both, what="both Announces")
    await ana.put(f"/api/v1/statuses/{made['id']}", status=f"@{club.handle} Both {ana.handle}.")

    async def edited() -> bool:
        post = await peer.post_named(made["uri"])
        return post is not None and f"Both {ana.handle}" in (post["content"] or "")

    await peer.until(edited, what="the edit")
    await ana.delete(f"/api/v1/statuses/{made['id']}")
    await peer.wait_post(made["uri"], deleted=True)


@pytest.mark.interop("Create{Note} with audience", "in", "taken in and announced", peer="Fedify")
@pytest.mark.interop("Announce{Like}", "out", "passed on unchanged", peer="Fedify")
async def test_they_write_answer_and_like_in_our_open_community(
    club: Community, member: str, peer: FedifyPeer, third: FedifyPeer, ana: Person
) -> None:
    await ana.follow(club.acct)
    await club.takes_in(ana.uri)
    await third.new_actor(f"far{ana.handle}")
    await third.follow(f"far{ana.handle}", club.uri)
    await club.takes_in(third.actor(f"far{ana.handle}"))
    sent = await peer.post(
        member, f"From outside {ana.handle}.", to=[PUBLIC, club.uri], audience=club.uri
    )
    timeline = f"/api/v1/timelines/list/g{club.id}"
    seen = await ana.sees(f"From outside {ana.handle}", timeline)
    await third.wait_post(sent["id"], via=club.uri)
    answer = await ana.say("So it is.", in_reply_to_id=seen["reblog"]["id"])
    await peer.wait_post(answer["uri"], in_reply_to=sent["id"])
    since = await last_seq(third)
    arrived(await peer.like(member, answer["uri"]), peer)

    async def liked() -> bool:
        got = await third.received("Announce", since=since)
        return any(
            isinstance(one["document"]["object"], dict)
            and one["document"]["object"]["type"] == "Like"
            for one in got
        )

    await third.until(liked, what="the like, passed on")


@pytest.mark.interop("Delete with a summary", "in", "refused: by who is no steward", peer="Fedify")
@pytest.mark.interop(
    "Undo{Announce}", "out", "what stewards take out is no longer boosted", peer="Fedify"
)
async def test_only_stewards_take_out_what_others_wrote(
    club: Community, member: str, peer: FedifyPeer, ana: Person, hq: RunningNode
) -> None:
    boss, other = await known(hq, f"boss{ana.handle}"), await known(hq, f"co{ana.handle}")
    mine = await found(hq, boss, other, handle=f"knees-{ana.handle}", preset=Preset.WORLD)
    await peer.follow(member, mine.uri)
    await mine.takes_in(peer.actor(member))
    made = await boss.say(f"@{mine.handle} Buy my belts {ana.handle}.")
    await peer.wait_post(made["uri"], via=mine.uri)
    delete = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.origin}/forged/{ana.handle}",
        "type": "Delete",
        "actor": peer.actor(member),
        "to": [PUBLIC],
        "cc": [mine.uri],
        "audience": mine.uri,
        "object": made["uri"],
        "summary": "spam",
    }
    answer = await peer.deliver(member, f"{mine.uri}/inbox", delete, scheme=peer.knock)
    assert answer["status"] == 202
    await settled(hq)
    assert (await boss.ask("GET", f"/api/v1/statuses/{made['id']}")).status == 200
    since = await last_seq(peer)
    await boss.say(f"@tertulia withdraw {made['uri']}: no advertising", visibility="direct")
    await note_for(boss, "It is taken out of")
    undo = await peer.wait_received("Undo", since=since)
    assert undo["actor"] == mine.uri


@pytest.mark.interop("Undo{Follow}", "in", "leaves a community", peer="Fedify")
async def test_unfollowing_our_open_community_is_leaving(
    peer: FedifyPeer, ana: Person, hq: RunningNode, rue: str
) -> None:
    other = await known(hq, f"co{ana.handle}")
    mine = await found(hq, ana, other, handle=f"backs-{ana.handle}", preset=Preset.WORLD)
    await peer.follow(rue, mine.uri)
    await mine.takes_in(peer.actor(rue))
    heard = await ana.say(f"@{mine.handle} With them {ana.handle}.")
    await peer.wait_post(heard["uri"], via=mine.uri)
    arrived(await peer.unfollow(rue, mine.uri), peer)
    await mine.loses(peer.actor(rue))
    made = await ana.say(f"@{mine.handle} Without them {ana.handle}.")
    await settled(hq)
    assert await peer.post_named(made["uri"]) is None
