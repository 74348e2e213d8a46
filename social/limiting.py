"""What a moderator decides about somebody, here or elsewhere: silenced, suspended, or free again.

Silenced: their own followers read them as before, nobody else comes across them. Suspended: nothing
of them is shown, taken or sent; it can be taken back, and then everything is there again. What a
suspended person wrote is withheld by the audience predicate itself: see `Acceptance.WITHHELD`.
"""

from typing import Final

from domain.errors import NotAllowed, NotFound
from domain.kinds import AccountState, ActorType, Limit, MembershipState, ModerationDeed, Role
from domain.node import Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import publish
from social import accounts as logins
from social import follows, memberships
from social.standing import OPERATOR
from storage.queries import accounts, actors, communities, limits
from storage.queries import follows as stored
from storage.tx import Tx
from storage.views.actors import ActorView

_DEEDS: Final = {
    Limit.NONE: ModerationDeed.FREED,
    Limit.SILENCED: ModerationDeed.SILENCED,
    Limit.SUSPENDED: ModerationDeed.SUSPENDED,
}
WITHHOLD: Final = "withhold"
SETTLED_MS: Final = 5_000
SUSPENDED_HERE: Final = "A moderator of this node suspended the account."


def limit(
    tx: Tx,
    *,
    node: Node,
    actor_id: int,
    to: Limit,
    by_id: int = OPERATOR,
    reason: str = "",
    report_id: int = 0,
) -> None:
    """Silence or suspend somebody, or set them free; doing it again changes nothing.

    Raises:
        NotFound: there is nobody.
        NotAllowed: a community or a server's own actor; somebody whom `by_id` may not judge.
        Conflict: the only admin.
    """
    limits.hold(tx, actor_id)  # two who decide at once: each sees what the other decided
    actor = _judged(tx, actor_id, by_id)
    if not _is_news(tx, actor, to):
        return
    if to >= Limit.SUSPENDED:
        _hide(tx, node, actor)
    elif actor.limited is Limit.SUSPENDED:
        _show(tx, actor)
    limits.log(tx, _DEEDS[to], by_id=by_id, about_id=actor.id, report_id=report_id, reason=reason)
    after = actors.by_id(tx, actor.id)
    if after is not None and after.is_local and after.is_hidden is not actor.is_hidden:
        publish.actor_updated(tx, node=node, actor=after)


def _is_news(tx: Tx, actor: ActorView, to: Limit) -> bool:
    """Write down what an actor may do; False if it was decided so already.

    Whom their own server suspends stays hidden: less is decided for the day when it shows them.
    """
    if actor.limited is Limit.WITHDRAWN and to < Limit.SUSPENDED:
        return limits.decided(tx, actor.id) is not to
    return limits.set_limit(tx, actor.id, to)


def _judged(tx: Tx, actor_id: int, by_id: int) -> ActorView:
    """Whoever is judged. Moderators judge neither each other nor admins."""
    actor = actors.by_id(tx, actor_id)
    if actor is None or actor.gone_at is not None:
        raise NotFound
    if communities.by_id(tx, actor.id) is not None or actor.type is ActorType.APPLICATION:
        raise NotAllowed("Communities are closed by their stewards, and servers are blocked whole")
    account = accounts.by_id(tx, actor.id)
    if actor.is_local and account is None:
        raise NotAllowed("This account belongs to the node itself")
    if by_id == OPERATOR:
        return actor
    judge = accounts.by_id(tx, by_id)
    if judge is None or judge.role < Role.MODERATOR:
        raise NotAllowed("Only moderators do this")
    if account is not None and account.role >= judge.role:
        raise NotAllowed("You cannot do this to somebody with your role or a higher one")
    return actor


def _hide(tx: Tx, node: Node, actor: ActorView) -> None:
    if actor.is_local:
        logins.suspend(tx, account_id=actor.id)
        limits.drop_deliveries_by(tx, actor.id)
    else:
        _cut_off(tx, node, actor)
    limits.withhold(tx, actor.id)
    # What was let in while the decision was not known yet: keys are remembered for two seconds.
    enqueue(tx, WITHHOLD, actor.id, run_at=tx.now + SETTLED_MS)


def withhold_late(tx: Tx, *, actor_id: int) -> None:
    """Hide what a suspended actor said while that was not known everywhere yet."""
    actor = actors.by_id(tx, actor_id)
    if actor is not None and actor.is_hidden:
        limits.withhold(tx, actor_id)


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""

    async def run(job: Job) -> Decision:
        await fetcher.db.write(withhold_late, actor_id=int(job.payload))
        return None

    return {WITHHOLD: Each(run)}


def _cut_off(tx: Tx, node: Node, actor: ActorView) -> None:
    """Somebody elsewhere gets nothing more: no follow, no place in a community of ours."""
    for row in stored.of_actor(tx, actor.id):
        if row.follower_id == actor.id:
            follows.remove_follower(tx, node=node, target_id=row.target_id, follower_id=actor.id)
    for known in communities.of_actor(tx, actor.id):
        community = actors.by_id(tx, known.community_id)
        if community is None or not community.is_local:
            continue
        if known.state is MembershipState.ACTIVE:
            memberships.remove(
                tx,
                node=node,
                community_id=community.id,
                actor_id=actor.id,
                by_id=OPERATOR,
                reason=SUSPENDED_HERE,
            )
        else:
            memberships.leave(tx, node=node, actor_id=actor.id, community_id=community.id)
    limits.drop_deliveries_to(tx, actor.inbox)


def _show(tx: Tx, actor: ActorView) -> None:
    account = accounts.by_id(tx, actor.id)
    if account is not None and account.state is AccountState.SUSPENDED:
        accounts.set_state(tx, actor.id, AccountState.ACTIVE)
    limits.release(tx, actor.id)
