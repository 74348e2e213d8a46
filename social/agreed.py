"""What follows from an agreement: it begins, is narrowed, ends, and is forgotten (protocol §3, §6).

Sisters' Application actors follow each other: that is how posts of the network travel. Whatever
ends, ends with the row; the rest here only tidies up after it, and tells the other node.
"""

from typing import Final

from msgspec.structs import replace

from activitypub.parse.agreements import OfferDocument
from activitypub.render import agreements as render
from domain.addresses import parse_url
from domain.agreements import Terms, stricter
from domain.ids import HERE
from domain.kinds import (
    AgreementKind,
    Deed,
    FollowState,
    MembershipState,
    RuleAction,
    SignatureScheme,
)
from domain.node import SOFTWARE, Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, Retry, enqueue
from jobs.schedule import Every
from jobs.worker import Each, Handler
from outbox import publish, talk
from social import helper, notices, purging, removal, standing
from social.remote_changes import delete_remote_post
from storage.blobs import Blobs
from storage.queries import (
    accounts,
    actors,
    agreements,
    communities,
    deliveries,
    erasing,
    follows,
    ids,
    offers,
    origins,
    posts,
    purges,
)
from storage.queries.agreements import AgreementRow
from storage.queries.communities import MemberRow
from storage.queries.follows import FollowRow
from storage.tx import Tx
from storage.views.actors import ActorView

BEFRIEND: Final = "befriend_sister"
FORGET: Final = "forget_node"
TICK: Final = "agreements"
TICK_MS: Final = 60_000
#: Milliseconds until the other node has noticed that the agreement stands: it may remember for two
#: seconds that it did not.
NOTICED_MS: Final = 3_000
ASK_AGAIN_MS: Final = 60_000
LONGEST_MS: Final = 6 * 3600 * 1000
#: Posts that are forgotten in one unit.
AT_ONCE: Final = 50


def conclude(tx: Tx, *, origin_id: int, uri: str, terms: Terms) -> None:
    """Both have signed: the agreement stands, as the offer `uri` says."""
    known = agreements.find(tx, origin_id)
    goes_on = known is not None and known.stands(tx.now) and known.kind is terms.kind
    row = AgreementRow(
        origin_id=origin_id,
        kind=terms.kind,
        # A new sister reads only what was written from now on.
        since=known.since if known is not None and goes_on else tx.now,
        until=terms.until,
        active=True,
        uri=uri,
        directory=terms.directory,
        contact=terms.contact,
        ended_at=None,
    )
    agreements.put(tx, row, terms.communities)
    _end_memberships(tx, origin_id, terms)
    _end_in_time(tx, terms)
    _withdraw_offers(tx, origin_id)
    origins.remember_software(tx, origin_id, SOFTWARE)
    origins.remember_scheme(tx, origin_id, SignatureScheme.OURS)
    if terms.kind is AgreementKind.SISTER:
        enqueue(
            tx,
            BEFRIEND,
            {"origin": origin_id, "offer": uri},
            unique=f"{BEFRIEND} {uri}",
            run_at=tx.now + NOTICED_MS,
        )
    else:
        _part(tx, origin_id)


def narrow(tx: Tx, row: AgreementRow, offered: Terms) -> None:
    """One side wants other terms: until both have signed them, the stricter word counts."""
    terms = stricter(agreements.terms_of(tx, row), offered)
    changed = replace(row, kind=terms.kind, until=terms.until, directory=terms.directory)
    agreements.put(tx, changed, terms.communities)
    _end_memberships(tx, row.origin_id, terms)
    _end_in_time(tx, terms)
    if terms.kind is not AgreementKind.SISTER:
        _part(tx, row.origin_id)


def _end_in_time(tx: Tx, terms: Terms) -> None:
    """Memberships end at the agreed moment, not with the next look at what is overdue."""
    if terms.until is not None:
        enqueue(tx, TICK, {}, unique=f"{TICK} {terms.until}", run_at=terms.until)


def end(tx: Tx, *, node: Node, row: AgreementRow, at: int) -> None:
    """End an agreement on our own account: forget what came by it, and ask the other node to."""
    if not close(tx, row=row, at=at):
        return
    undo_uri = _say_undo(tx, node, row.origin_id, row.uri)
    purges.ask(tx, undo_uri, origin_id=row.origin_id)
    forget_later(tx, row, undo_uri=None)


def too_late(tx: Tx, *, node: Node, origin_id: int, offer: OfferDocument) -> None:
    """They signed what had lapsed or been taken back, perhaps while both sides accepted at once.

    If an agreement stands, the stricter of the two holds, there too; if not, they are told so.
    """
    row = agreements.find(tx, origin_id)
    if row is not None and row.stands(tx.now):
        narrow(tx, row, offer.terms)
    else:
        _say_undo(tx, node, origin_id, offer.uri)


def _say_undo(tx: Tx, node: Node, origin_id: int, offer_uri: str) -> str:
    theirs, ours = actors.application_of(tx, origin_id), actors.application_of(tx, HERE)
    uri = node.activity(ids.new_id(tx))
    document = render.undo(uri, ours.uri, theirs.uri, offer_uri=offer_uri)
    talk.say(tx, speaker=ours, listener=theirs, document=document)
    return uri


def close(tx: Tx, *, row: AgreementRow, at: int) -> bool:
    """Make an agreement have ended at `at`; False if it had ended before.

    Memberships between the two nodes end, nothing that waits is sent any more, and exchanging
    anything as with any other server takes a new word of an admin here.
    """
    if not agreements.end(tx, row.origin_id, at=at):
        return False
    _end_memberships(tx, row.origin_id, None)
    _withdraw_offers(tx, row.origin_id)
    authority = authority_of(tx, row.origin_id)
    rules = {rule.pattern: rule.action for rule in origins.matching_rules(tx, authority)}
    if rules.get(authority) is RuleAction.ALLOW:
        origins.drop_rule(tx, authority)
    _part(tx, row.origin_id)
    deliveries.drop_origin(tx, row.origin_id)
    return True


def _end_memberships(tx: Tx, origin_id: int, terms: Terms | None) -> None:
    """End those between the nodes that `terms` are not about; all, where nothing is agreed.

    The other node has the same terms and does the same, so nobody has to be told over there.
    """
    ended: list[MemberRow] = []
    for one in agreements.memberships_between(tx, origin_id):
        known = communities.member(tx, one.community_id, one.actor_id)
        if known is None or (terms is not None and terms.covers(one.community_uri)):
            continue
        if known.state is not MembershipState.ACTIVE:
            standing.forget(tx, known)
            continue
        standing.end(tx, known, MembershipState.REMOVED)
        ended.append(known)
        if one.community_origin == HERE:
            _log(tx, known)
    removal.parted(tx, authority_of(tx, origin_id), ended)


def _log(tx: Tx, known: MemberRow) -> None:
    communities.log(
        tx,
        known.community_id,
        Deed.REMOVED,
        by_id=standing.OPERATOR,
        about_id=known.actor_id,
        reason=notices.NOT_AGREED,
    )


def forget_later(tx: Tx, row: AgreementRow, *, undo_uri: str | None) -> None:
    """Queue the purge; `undo_uri`: what the other node is told has been done, when it has."""
    payload = {"origin": row.origin_id, "undo": undo_uri, "offer": row.uri}
    enqueue(tx, FORGET, payload, order_key=f"{FORGET} {row.origin_id}")


async def forget(
    fetcher: Fetcher,
    blobs: Blobs | None,
    *,
    origin_id: int,
    undo_uri: str | None,
    offer_uri: str,
) -> None:
    """Forget what came from a node by an agreement that ended; then say so, if it was asked.

    Posts of its network, and its communities. A new agreement that was made meanwhile keeps what
    it brought, and a community stays that one of ours belongs to again.
    """
    db, node = fetcher.db, fetcher.node
    for community_id in await db.read(agreements.communities_at, origin_id):
        await purging.forget(db, blobs, community_id)
    while ids_left := await db.slow(_left_of, origin_id):
        await db.write(_forget_posts, node=node, post_ids=ids_left)
    if undo_uri is not None:
        await db.write(
            _acknowledge, node=node, origin_id=origin_id, undo_uri=undo_uri, offer_uri=offer_uri
        )


def _left_of(tx: Tx, origin_id: int) -> list[int]:
    row = agreements.find(tx, origin_id)
    if row is not None and row.stands(tx.now):
        return []
    return erasing.of_network(tx, origin_id, AT_ONCE)


def _forget_posts(tx: Tx, *, node: Node, post_ids: list[int]) -> None:
    for post in [posts.by_id(tx, post_id) for post_id in post_ids]:
        if post is None or post.deleted_at is not None:
            continue
        author = actors.by_id(tx, post.author_id)
        by_uri = author.uri if author is not None else ""
        if not delete_remote_post(tx, node=node, uri=post.uri, by_uri=by_uri):
            posts.mark_deleted(tx, post.id)
    erasing.erase(tx, post_ids)


def _acknowledge(tx: Tx, *, node: Node, origin_id: int, undo_uri: str, offer_uri: str) -> None:
    theirs, ours = actors.application_of(tx, origin_id), actors.application_of(tx, HERE)
    document = render.forgotten(
        node.activity(ids.new_id(tx)), ours.uri, theirs.uri, undo_uri=undo_uri, offer_uri=offer_uri
    )
    talk.say(tx, speaker=ours, listener=theirs, document=document)


def end_overdue(tx: Tx, *, node: Node) -> None:
    """End what was agreed until a moment that has passed; mark offers that nobody accepted."""
    offers.lapse(tx)
    for row in agreements.overdue(tx):
        end(tx, node=node, row=row, at=row.until or tx.now)
        domain = authority_of(tx, row.origin_id)
        tell_admins(tx, node, f"The agreement with {domain} has come to its agreed end.")


def tell_admins(tx: Tx, node: Node, text: str) -> None:
    """What another node did by an agreement, by the helper, to each who administers this one."""
    for person_id in accounts.admins(tx):
        helper.tell(tx, node=node, person_id=person_id, text=text)


def _tell_unheard(tx: Tx, *, node: Node, domain: str, reason: str) -> None:
    tell_admins(
        tx,
        node,
        f"{domain} could not be told about the agreement with it ({reason}). `tertulia partner"
        f" list` shows what holds here; `tertulia partner end {domain}` ends it.",
    )


def _withdraw_offers(tx: Tx, origin_id: int) -> None:
    domain = authority_of(tx, origin_id)
    offers.withdraw(tx, domain, ours=True)
    offers.withdraw(tx, domain, ours=False)


def authority_of(tx: Tx, origin_id: int) -> str:
    """`host[:port]` of an origin that we know. Raises LookupError for any other."""
    origin = origins.by_id(tx, origin_id)
    if origin is None:
        raise LookupError("an agreement is with an origin that we know")
    return parse_url(origin.origin).authority


# Sisters follow each other.


def befriend(tx: Tx, *, node: Node, origin_id: int, offer_uri: str) -> bool:
    """Let our Application actor follow a sister's; True if there is nothing to ask (any more).

    Asking again is a new Follow: the other node may have heard the first too early.
    """
    row = agreements.find(tx, origin_id)
    if row is None or row.uri != offer_uri or not row.stands(tx.now):
        return True
    if row.kind is not AgreementKind.SISTER:
        return True
    ours, theirs = actors.application_of(tx, HERE), actors.application_of(tx, origin_id)
    known = follows.find(tx, ours.id, theirs.id)
    if known is not None and known.is_accepted:
        return True
    identifier = ids.new_id(tx)
    uri = node.activity(identifier)
    if known is None:
        follows.insert_follow(tx, _wish(tx, identifier, uri, ours, theirs))
    else:
        follows.set_uri(tx, ours.id, theirs.id, uri)
    publish.follow_requested(tx, follower=ours, target=theirs, follow_uri=uri)
    return False


def _wish(tx: Tx, identifier: int, uri: str, ours: ActorView, theirs: ActorView) -> FollowRow:
    return FollowRow(
        id=identifier,
        follower_id=ours.id,
        target_id=theirs.id,
        state=FollowState.PENDING,
        uri=uri,
        shares=True,
        notify=False,
        created_at=tx.now,
        accepted_at=None,
    )


def _part(tx: Tx, origin_id: int) -> None:
    """Sisters no more: nobody has to be told, the other side does the same."""
    origin = origins.by_id(tx, origin_id)
    if origin is None or origin.application_id is None:
        return
    ours, theirs = actors.application_of(tx, HERE).id, origin.application_id
    ended = [follows.remove(tx, ours, theirs), follows.remove(tx, theirs, ours)]
    if any(ended):
        actors.recount_follows(tx, ours, theirs)


# The jobs.


def job_handlers(fetcher: Fetcher, blobs: Blobs | None = None) -> dict[str, Handler]:
    """The kinds of job that belong to agreements, for the worker."""
    db, node = fetcher.db, fetcher.node

    async def not_heard(domain: str, reason: str) -> None:
        await db.write(_tell_unheard, node=node, domain=domain, reason=reason)

    async def run_befriend(job: Job) -> Decision:
        given = job.payload
        origin_id, offer_uri = given["origin"], given["offer"]
        if await db.write(befriend, node=node, origin_id=origin_id, offer_uri=offer_uri):
            return None
        return Retry(min(ASK_AGAIN_MS << min(job.attempts - 1, 10), LONGEST_MS), "not yet accepted")

    async def run_forget(job: Job) -> Decision:
        given = job.payload
        await forget(
            fetcher,
            blobs,
            origin_id=given["origin"],
            undo_uri=given["undo"],
            offer_uri=given["offer"],
        )
        return None

    async def run_tick(_job: Job) -> Decision:
        await db.write(end_overdue, node=node)
        return None

    return {
        talk.TALK: talk.job(fetcher, not_heard),
        BEFRIEND: Each(run_befriend, attempts=10_000),
        FORGET: Each(run_forget),
        TICK: Each(run_tick),
    }


def schedule() -> list[Every]:
    """What happens again and again."""
    return [Every(TICK, TICK_MS)]
