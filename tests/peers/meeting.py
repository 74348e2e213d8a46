"""What a person of ours and an actor of the Fedify peer do to get to know each other."""

from tests.peers.fedify.records import Received, Sent
from tests.support.fedify import FedifyPeer
from tests.support.nodes import Json, Person
from tests.together.stories import asked, following


def acct(peer: FedifyPeer, handle: str) -> str:
    """How people elsewhere write an actor of the peer."""
    return f"@{handle}@{peer.origin.removeprefix('http://')}"


async def we_follow(person: Person, peer: FedifyPeer, handle: str) -> Json:
    """Our person follows an actor of the peer, which accepts by itself; the account."""
    account = await person.follow(acct(peer, handle))
    await following(person, account["id"])
    return account


async def they_follow(peer: FedifyPeer, handle: str, person: Person) -> Json:
    """An actor of the peer follows our person, who agrees; the follower's account."""
    await peer.follow(handle, person.uri)
    who = await asked(person, peer.actor(handle))
    await person.post(f"/api/v1/follow_requests/{who['id']}/authorize")

    async def accepted() -> bool:
        return await peer.following_state(handle, person.uri) == "accepted"

    await peer.until(accepted, what="the Accept")
    return who


async def last_seq(peer: FedifyPeer) -> int:
    """The number of the newest activity that the peer verified."""
    return max([entry["seq"] for entry in await peer.received()], default=0)


def arrived(sent: Sent, peer: FedifyPeer) -> None:
    """Every delivery was signed in the peer's way, and taken at its first knock."""
    assert sent["deliveries"] != []
    for one in sent["deliveries"]:
        assert (one["scheme"], one["status"]) == (peer.knock, 202), one


async def verified(
    peer: FedifyPeer,
    kind: str,
    person: Person,
    *,
    since: int,
    outcome: str = "applied",
    key: str = "main-key",
) -> Received:
    """The newest activity of this kind by our person: signed as the peer knocks, and applied."""

    async def theirs() -> list[Received]:
        got = await peer.received(kind, since=since)
        return [one for one in got if one["actor"] == person.uri and one["outcome"] != "received"]

    found = (await peer.until(theirs, what=f"a verified {kind} by {person.handle}"))[-1]
    assert (found["scheme"], found["http_signature"]) == (peer.knock, "verified")
    assert found["key_id"] == f"{person.uri}#{key}"
    assert found["outcome"] == outcome
    return found
