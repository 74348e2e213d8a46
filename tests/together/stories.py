"""What people on several nodes do again and again in these tests, and how a test looks at it."""

from typing import Any

import orjson
from sqlalchemy import bindparam, exists, func, literal, or_, select, update

from domain.ids import HERE
from domain.kinds import DeliveryState, IntakeState, SignatureScheme
from federation.discovery import find_actor
from social import profiles
from social.profiles import ProfileChange
from storage.queries import actors, origins
from storage.tables.jobs import JobState, jobs
from storage.tables.origins import origins as origins_table
from storage.tables.traffic import activities, deliveries, intake
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.factories import add_follow, add_sister
from tests.support.lemmy import Lemmy
from tests.support.nodes import Json, Person, RunningNode, until

HOME = "/api/v1/timelines/home"

# People.


async def known(node: RunningNode, handle: str, **more: Any) -> Person:
    """Somebody who may be looked up from outside, and whose app shows the home."""
    person = await node.person(handle, **more)
    await person.home()
    await node.db.write(
        profiles.update_profile,
        node=node.node,
        actor_id=person.id,
        change=ProfileChange(public=True),
    )
    return person


async def standing(person: Person, account_id: str) -> Json:
    """How this person stands to another (Relationship)."""
    found = await person.get("/api/v1/accounts/relationships", **{"id[]": account_id})
    return found[0]


async def request_of(target: Person, asker: str) -> Json | None:
    """The account whose request to follow waits, by its actor's id."""
    waiting = await target.get("/api/v1/follow_requests")
    return next((account for account in waiting if account["uri"] == asker), None)


async def asked(target: Person, asker: str) -> Json:
    """Wait until somebody elsewhere asks to follow; who."""
    found: Json = None

    async def there() -> bool:
        nonlocal found
        found = await request_of(target, asker)
        return found is not None

    await until(there)
    return found


async def following(person: Person, account_id: str, *, is_so: bool = True) -> None:
    """Wait until this person follows an account, or does not any more."""

    async def so() -> bool:
        return (await standing(person, account_id))["following"] is is_so

    await until(so)


async def befriend(reader: Person, author: Person) -> Json:
    """`reader` asks to follow `author` on another node, who agrees; the account followed."""
    account = await reader.follow(author)
    who = await asked(author, reader.uri)
    await author.post(f"/api/v1/follow_requests/{who['id']}/authorize")
    await following(reader, account["id"])
    return account


# Nodes.


async def become_sisters(one: RunningNode, other: RunningNode) -> None:
    """An agreement on both sides, as if both admins had signed it a moment ago (protocol §3)."""
    for node, peer in ((one, other), (other, one)):
        sister = await find_actor(node.parts.fetcher, await application_of(peer))
        await node.db.write(_agree, sister)


def _agree(tx: Tx, sister: ActorView) -> None:
    """Sisters know each other's Application actors, which follow each other."""
    ours = actors.application_of(tx, HERE)
    add_sister(tx, sister.origin_id, since=tx.now)
    origins.remember_application(tx, sister.origin_id, sister.id)
    add_follow(tx, ours.id, sister.id)
    add_follow(tx, sister.id, ours.id)


_DUE_JOBS = select(jobs.c.id).where(
    jobs.c.state == JobState.READY, jobs.c.run_at <= bindparam("now")
)
_DUE_DELIVERIES = (
    select(deliveries.c.id)
    .join(origins_table, origins_table.c.id == deliveries.c.origin_id)
    .where(
        deliveries.c.state == DeliveryState.WAITING,
        deliveries.c.run_at <= bindparam("now"),
        origins_table.c.retry_at <= bindparam("now"),
    )
)
_QUEUED = select(intake.c.id).where(intake.c.state == IntakeState.QUEUED)
_BUSY = select(
    or_(exists(_DUE_JOBS), exists(_DUE_DELIVERIES), exists(_QUEUED)), literal(1).label("one")
)


def _is_busy(tx: Tx) -> bool:
    return bool(tx.one(_BUSY, now=tx.now)[0])


async def settled(*nodes: RunningNode) -> None:
    """Wait until nothing is under way any more at and between these nodes."""
    calm = 0

    async def look() -> bool:
        nonlocal calm
        busy = [await node.db.read(_is_busy) for node in nodes]
        calm = 0 if any(busy) else calm + 1
        return calm >= 3

    await until(look)


async def settled_with(forum: Lemmy, *nodes: RunningNode) -> None:
    """Wait until nothing is under way at a forum either, which says on what it hears from them."""
    begun = -1
    while begun != forum.begun:
        begun = forum.begun
        await forum.settled()
        await settled(*nodes)


_HURRY_DELIVERIES = update(deliveries).values(run_at=0)
_HURRY_ORIGINS = update(origins_table).values(retry_at=0)


def _hurry(tx: Tx) -> None:
    tx.run(_HURRY_DELIVERIES)
    tx.run(_HURRY_ORIGINS)


async def the_wait_is_over(node: RunningNode) -> None:
    """The minutes of back-off have passed: everything that waits may be tried again."""
    await node.db.write(_hurry)


_WAITING = select(func.count()).where(deliveries.c.state == DeliveryState.WAITING)
_BODIES = select(activities.c.body).order_by(activities.c.id)
_REASONS = select(intake.c.reason).where(intake.c.reason.is_not(None))


async def waiting(node: RunningNode) -> int:
    """How many deliveries wait, for whatever reason."""
    return await node.db.read(lambda tx: tx.scalar(_WAITING) or 0)


async def published(node: RunningNode) -> list[Json]:
    """Every activity that this node's people caused by what they said and did, in their order."""
    bodies = await node.db.read(lambda tx: [row[0] for row in tx.all(_BODIES)])
    documents = [orjson.loads(body) for body in bodies]
    return [one for one in documents if one["type"] != "Update" or _is_of_a_post(one)]


def _is_of_a_post(update: Json) -> bool:
    return bool(update["object"]["type"] == "Note")


async def dropped(node: RunningNode) -> list[str]:
    """Why activities had no effect at a node."""
    return await node.db.read(lambda tx: [str(row[0]) for row in tx.all(_REASONS)])


async def scheme_towards(node: RunningNode, other: RunningNode) -> SignatureScheme | None:
    """Which signatures a node makes for another."""
    found = await node.db.read(origins.by_origin, other.origin)
    return None if found is None else found.scheme


async def application_of(node: RunningNode) -> str:
    """The id of the actor that speaks for a node."""
    actor = await node.db.read(actors.application_of, HERE)
    return actor.uri


# Looking.


async def cannot_find(person: Person, uri: str) -> bool:
    """Whether a post stays unfound even when it is asked for by its id."""
    found = await person.get("/api/v2/search", q=uri, resolve="true", type="statuses")
    return not found["statuses"]


async def told(person: Person, kind: str) -> Json:
    """Wait for a notification of a kind; the newest one."""
    found: list[Json] = []

    async def there() -> bool:
        nonlocal found
        found = [one for one in await person.notifications() if one["type"] == kind]
        return bool(found)

    await until(there)
    return found[0]


async def shows(person: Person, status_id: str, **wanted: Any) -> Json:
    """Wait until a status has these values; the status."""
    found: Json = None

    async def so() -> bool:
        nonlocal found
        found = await person.get(f"/api/v1/statuses/{status_id}")
        return all(found[name] == value for name, value in wanted.items())

    try:
        await until(so)
    except TimeoutError:
        raise AssertionError(f"not {wanted} but {found}") from None
    return found


async def is_gone(person: Person, status_id: str) -> None:
    """Wait until a status cannot be read."""

    async def so() -> bool:
        return (await person.ask("GET", f"/api/v1/statuses/{status_id}")).status == 404

    await until(so)


async def thread_of(person: Person, status_id: str) -> list[str]:
    """The ids on the wire of a thread's posts, in the order in which it is shown."""
    context = await person.get(f"/api/v1/statuses/{status_id}/context")
    own = await person.get(f"/api/v1/statuses/{status_id}")
    line = [*context["ancestors"], own, *context["descendants"]]
    return [status["uri"] for status in line]
