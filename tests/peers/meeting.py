"""What a person of ours and an actor of the Fedify peer do to get to know each other."""

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
