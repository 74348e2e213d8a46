"""Homes: written as posts arrive for people who come back, built anew for those who stayed away."""

from typing import Final

from domain.audience import Viewer
from storage.database import Database
from storage.queries import home_upkeep
from storage.queries import timelines as homes
from storage.tx import Tx
from storage.views.paging import Page
from storage.views.timelines import Entry, home_page

DAY_MS: Final = 24 * 3600 * 1000
FRESH_DAYS: Final = 14
"""For how many days after a visit a home goes on being written."""


def fresh_date(now: int) -> int:
    """The date (midnight UTC, ms) until which a home that is read now stays written.

    A date and no time: it is the only trace of presence there is (protocol §8).
    """
    return (now // DAY_MS + FRESH_DAYS) * DAY_MS


def read_home(tx: Tx, *, viewer: Viewer, page: Page) -> tuple[bool, list[Entry]]:
    """Whether the home needs `keep_home` first or afterwards, and the page as it stands."""
    until = homes.fresh_until(tx, viewer.actor)
    if until <= tx.now:
        return True, []
    return until < fresh_date(tx.now), home_page(tx, viewer, page)


async def home(db: Database, *, viewer: Viewer, page: Page) -> list[Entry]:
    """A page of somebody's home, which is built if it was not kept; from now on it is."""
    due, entries = await db.read(read_home, viewer=viewer, page=page)
    if not due:
        return entries
    await keep_home(db, viewer=viewer)
    # An empty page may come from before the home was built, by us or by whoever asked meanwhile.
    return entries or await db.read(home_page, viewer, page)


async def keep_home(db: Database, *, viewer: Viewer) -> None:
    """Keep a home written for another fortnight; build it first if it is not written.

    What belongs into it is found by reading, so that the one writer is held up shortly.
    """
    if await db.write(extend, viewer=viewer):
        return
    ids = await db.slow(homes.candidates, viewer)
    await db.write(build, viewer=viewer, ids=ids)


def extend(tx: Tx, *, viewer: Viewer) -> bool:
    """Keep a home that is written; False if it is not, and has to be built."""
    if homes.fresh_until(tx, viewer.actor) <= tx.now:
        return False
    homes.set_fresh(tx, viewer.actor, fresh_date(tx.now))
    return True


def build(tx: Tx, *, viewer: Viewer, ids: list[int]) -> None:
    """Write a home from `homes.candidates`, with what came since they were found."""
    homes.rebuild(tx, viewer, ids)
    homes.set_fresh(tx, viewer.actor, fresh_date(tx.now))


async def tidy_homes(db: Database) -> None:
    """Once a day: drop homes of people who stay away, cut the others down."""
    await db.write(home_upkeep.drop_stale)
    for actor_id in await db.slow(home_upkeep.too_long):
        await db.write(home_upkeep.trim, actor_id)
