"""Small verbs that the inbox tests share."""

from typing import Any

from federation.discovery import find_actor
from storage.views.actors import ActorView
from storage.views.posts import PostRow
from tests.inbox.home import LEDGER, Home
from tests.support.stranger import Answered, Document, Person, Stranger


async def give(here: Home, person: Person, *activities: Document) -> None:
    """Deliver, each taken with 202, and process."""
    for activity in activities:
        assert (await person.server.deliver(person, here.inbox, activity)).status == 202
    await here.drain()


async def in_vain(here: Home, person: Person, *activities: Document) -> None:
    """Deliver and process activities that must each be taken, dropped and change nothing (NC)."""
    for activity in activities:
        before = await here.digest(without=LEDGER)
        await give(here, person, activity)
        assert await dropped(here) is not None
        assert await here.digest(without=LEDGER) == before


async def dropped(here: Home) -> str | None:
    """The reason of the newest activity, None if it had an effect."""
    return (await here.reasons())[-1]


async def known(here: Home, person: Person) -> ActorView:
    """Somebody elsewhere as we know them."""
    return await find_actor(here.fetcher, person.uri)


async def row_of(here: Home, document: Document) -> PostRow:
    """A post of theirs, which must be stored here."""
    row = await here.stored(document["id"])
    assert row is not None
    return row


async def refuse(
    here: Home, server: Stranger, body: bytes, headers: Any, *statuses: int, url: str | None = None
) -> Answered:
    """Send, expect a refusal with a reason, and that nothing at all changed."""
    before = await here.digest()
    answered = await server.send(url or here.inbox, body, headers)
    assert answered.status in (statuses or (401,))
    assert await here.digest() == before
    return answered
