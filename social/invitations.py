"""Inviting somebody by handle: looked up first where this node does not know them yet."""

from msgspec import Struct, convert

from domain.errors import NotFound, Problem
from domain.handles import Acct
from domain.kinds import Way
from domain.node import Node
from domain.permissions import Action
from domain.roles import CommunityRole
from federation.discovery import find_handle
from federation.fetcher import CannotFetch, Fetcher
from federation.software import find_software
from jobs.queue import Decision, Job, Retry, enqueue
from social import helper, memberships
from social.standing import OPERATOR, authorise, way_of
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView

ASKS = 3
ASK_AGAIN_MS = 6 * 60 * 1000


class _Wanted(Struct):
    """What the job is told; either the actor or the handle."""

    community: int
    by: int
    role: int
    until: int | None = None
    sponsor: int | None = None
    actor: int | None = None
    handle: str = ""
    host: str = ""


def invite_called(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    acct: Acct,
    by_id: int,
    role: CommunityRole = CommunityRole.MEMBER,
    until: int | None = None,
    sponsor_id: int | None = None,
) -> bool:
    """Invite whoever has this handle; False if a job has to look them up first.

    Raises:
        NotFound: nobody here has it.
        NotAllowed, Invalid: as `memberships.invite`.
    """
    person = known_as(tx, node, acct)
    if person is not None:
        memberships.invite(
            tx,
            node=node,
            community_id=community_id,
            actor_id=person.id,
            by_id=by_id,
            role=role,
            until=until,
            sponsor_id=sponsor_id,
        )
        return True
    if acct.host is None or acct.host == node.handle_domain:
        raise NotFound(f"Nobody here is called @{acct.name}")
    authorise(tx, community_id, by_id, Action.INVITE_OUTSIDER)
    wanted = _Wanted(
        *(community_id, by_id, int(role), until, sponsor_id),
        handle=acct.name,
        host=acct.host,
    )
    enqueue(tx, memberships.INVITE, {name: getattr(wanted, name) for name in _FIELDS})
    return False


_FIELDS = _Wanted.__struct_fields__


def known_as(tx: Tx, node: Node, acct: Acct) -> ActorView | None:
    """Whom this node knows by a handle, and can write to."""
    if acct.host is None or acct.host == node.handle_domain:
        return actors.local_by_handle(tx, acct.name)
    person = actors.by_acct(tx, acct.name, acct.host)
    return person if person is not None and person.inbox else None


async def invite_elsewhere(fetcher: Fetcher, job: Job) -> Decision:
    """Find somebody, ask their server what it is, and invite them. Twice changes nothing."""
    wanted = convert(job.payload, _Wanted)
    try:
        person = await _find(fetcher, wanted)
    except CannotFetch as problem:
        if problem.later and job.attempts < ASKS:
            return Retry(ASK_AGAIN_MS, problem.reason)
        person = None
    if person is None:
        await fetcher.db.write(_say, fetcher.node, wanted, _not_found(wanted))
        return None
    await find_software(fetcher, person.origin_id)
    await fetcher.db.write(_invite, fetcher.node, wanted, person)
    return None


async def _find(fetcher: Fetcher, wanted: _Wanted) -> ActorView | None:
    if wanted.actor is not None:
        return await fetcher.db.read(actors.by_id, wanted.actor)
    return await find_handle(fetcher, wanted.handle, wanted.host)


def _invite(tx: Tx, node: Node, wanted: _Wanted, person: ActorView) -> None:
    try:
        memberships.invite(
            tx,
            node=node,
            community_id=wanted.community,
            actor_id=person.id,
            by_id=wanted.by,
            role=CommunityRole(wanted.role),
            until=wanted.until,
            sponsor_id=wanted.sponsor,
            way=way_of(tx, person) or Way.PLAIN,
        )
    except Problem as problem:
        _say(tx, node, wanted, f"@{person.acct} was not invited. {problem.message}")


def _say(tx: Tx, node: Node, wanted: _Wanted, text: str) -> None:
    if wanted.by != OPERATOR:
        helper.tell(tx, node=node, person_id=wanted.by, text=text)


def _not_found(wanted: _Wanted) -> str:
    return (
        f"@{wanted.handle}@{wanted.host} could not be found, or their server does not show"
        " them to us. Ask them to follow the community, and you will see their request here."
    )
