"""Forgetting a whole server, because an operator wants it: people, words, pictures, traffic.

Whether anything is exchanged with it from now on is another decision (`federation/policy`).
"""

from typing import Final

from msgspec import Struct

from domain.errors import Conflict
from domain.ids import HERE
from social import storing
from social.departures import actor_left, posts_leave
from social.purging import FORGOTTEN
from storage.database import Database
from storage.queries import agreements, domains, erasing, posts
from storage.queries.origins import by_origin
from storage.tx import Tx

PEOPLE_AT_ONCE: Final = 5
POSTS_AT_ONCE: Final = 50
"""What is forgotten in one unit: there is one writer."""


class Forgotten(Struct, frozen=True):
    """How much was forgotten."""

    people: int
    posts: int


async def forget_server(db: Database, *, origin: str, authority: str) -> Forgotten | None:
    """Forget everything that came from a server; None if it is not known.

    Its actors stay as addresses, so that nobody else becomes them; should it be talked to again,
    they are read anew. Doing it again changes nothing. `authority`: its `host[:port]`.

    Raises:
        Conflict: an agreement with it stands.
    """
    origin_id = await db.write(_may_forget, origin, authority)
    if origin_id is None:
        return None
    people = written = 0
    while found := await db.slow(domains.people, origin_id, PEOPLE_AT_ONCE):
        await db.write(_people_leave, found)
        for actor_id in found:  # while it is known what they quoted, and that they are gone
            await posts_leave(db, actor_id)
        await db.write(domains.make_unknown, found)
        people += len(found)
    while found := await db.slow(domains.written, origin_id, POSTS_AT_ONCE):
        await db.write(_forget_posts, found)
        written += len(found)
    await db.write(_forget_rest, origin_id)
    return Forgotten(people, written)


def _may_forget(tx: Tx, origin: str, authority: str) -> int | None:
    if agreements.is_standing(tx, authority):
        raise Conflict(f"There is an agreement with {authority}. End it first.")
    known = by_origin(tx, origin)
    return None if known is None or known.id == HERE else known.id


def _people_leave(tx: Tx, actor_ids: list[int]) -> None:
    for actor_id in actor_ids:
        actor_left(tx, actor_id=actor_id)


def _forget_posts(tx: Tx, post_ids: list[int]) -> None:
    for post_id in post_ids:  # what did not leave with its author: words in communities
        row = posts.by_id(tx, post_id)
        if row is not None:
            storing.remove(tx, row)
    domains.mark_deleted(tx, post_ids)
    erasing.erase(tx, post_ids)


def _forget_rest(tx: Tx, origin_id: int) -> None:
    domains.forget_traffic(tx, origin_id)
    tx.publish(FORGOTTEN)
