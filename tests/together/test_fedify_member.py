"""A member on a server of another make (Fedify), which nobody scripted: in, heard, out."""

import pytest

from tests.support.commands import done
from tests.support.fedify import FedifyPeer, fedify_peer
from tests.support.nodes import Json, Nodes, Person
from tests.together.communities import Community, found, note_for
from tests.together.stories import known, settled


async def copy_of(peer: FedifyPeer, words: str) -> Json:
    """Wait for a member's copy of a post; the post as the peer shows it."""

    async def there() -> Json:
        found = [one for one in (await peer.posts()).values() if words in (one["content"] or "")]
        return found[-1] if found else None

    return await peer.until(there, what=f"a copy of {words!r}")


async def follows(peer: FedifyPeer, target: str, state: str) -> None:
    """Wait until Fern's follow stands so."""

    async def so() -> bool:
        return await peer.following_state("fern", target) == state

    await peer.until(so, what=f"{state}")


@pytest.mark.interop(
    "Create{Note} as a relay note",
    "out",
    "one for each member of a community, to nobody else",
    peer="Fedify",
)
@pytest.mark.interop(
    "Create{Note} that answers a relay note",
    "in",
    "stands in the community's thread",
    peer="Fedify",
)
@pytest.mark.interop("Like of a relay note", "in", "counts for the post behind it", peer="Fedify")
@pytest.mark.interop("Reject{Follow}", "out", "a removal from a community", peer="Fedify")
async def test_a_member_on_another_make_of_server(nodes: Nodes) -> None:
    hq = await nodes.start("hq", federation="partners", public_means="network")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    club = await found(hq, ana, bo)
    async with fedify_peer("cavage", host="garden.localhost") as peer:
        host = peer.origin.removeprefix("http://")
        await done(hq, "partner", "allow", host)
        await ana.say(f"@tertulia invite @fern@{host} to safe-lifting", visibility="direct")
        invitation = await copy_of(peer, "To accept, follow")
        assert invitation["visibility"] == "direct"
        await peer.follow("fern", club.uri)
        await club.takes_in(peer.actor("fern"))
        await follows(peer, club.uri, "accepted")
        await _hears_and_answers(club, ana, peer)
        await ana.say(f"@tertulia remove @fern@{host} from safe-lifting", visibility="direct")
        await club.loses(peer.actor("fern"))
        await note_for(ana, "copies of what came before may remain")
        await follows(peer, club.uri, "rejected")
        await ana.say("@safe-lifting without fern", visibility="private")
        await settled(hq)
        assert not any("without fern" in str(one) for one in await peer.received())
        assert await peer.errors() == []


async def _hears_and_answers(club: Community, ana: Person, peer: FedifyPeer) -> None:
    said = await ana.say("@safe-lifting how do you lift a crate?", visibility="private")
    copy = await copy_of(peer, "lift a crate")
    assert (copy["visibility"], copy["author"]) == ("direct", club.uri)
    assert "ana" in copy["content"].partition("</p>")[0]
    written = await peer.post(
        "fern",
        "<p>@safe-lifting with two hands</p>",
        to="direct",
        mention=[club.uri],
        in_reply_to=copy["id"],
    )
    answer = (await ana.sees("with two hands", f"/api/v1/timelines/list/g{club.id}"))["reblog"]
    assert answer["in_reply_to_id"] == said["id"]
    assert answer["account"]["username"] == "fern"
    assert (await ana.get(f"/api/v1/statuses/{said['id']}"))["replies_count"] == 1
    await peer.like("fern", copy["id"])
    await peer.edit(written["id"], content="<p>@safe-lifting with four hands</p>")
    await ana.sees("with four hands", f"/api/v1/timelines/list/g{club.id}")
    await peer.delete(written["id"])
    await settled(club.node)
    shown = await ana.get(f"/api/v1/statuses/{said['id']}")
    assert (shown["replies_count"], shown["favourites_count"]) == (0, 1)
