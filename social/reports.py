"""Reports: said by somebody here or by another server, looked at by moderators and stewards.

What was said in a community goes to its stewards, here or on its own node; everything goes to the
moderators of this node, but to nobody whom it is about. Who reported is known to moderators here
and to nobody else. One source has one open report about the same person in the same place: saying
it again adds to it.
"""

from collections.abc import Collection, Sequence
from typing import Final

import orjson
from msgspec import Struct
from msgspec.structs import replace

from domain.audience import Kind, Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.html import clean_text
from domain.kinds import (
    ActorType,
    ModerationDeed,
    NotificationKind,
    ReportCategory,
    ReportState,
    Role,
)
from domain.node import Node
from domain.permissions import Action, Standing, may
from outbox import reports as outbox
from social import helper, house, notices
from social.notifications import notify, retract
from storage.queries import accounts, actors, communities, limits, reports
from storage.queries.ids import new_id
from storage.queries.reports import Reported, ReportRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.people import person
from storage.views.posts import visible

LONGEST_COMMENT: Final = 1_000
LONGEST_NOTE: Final = 2_000
MOST_NOTES: Final = 100
#: Posts that one person names in one report.
MOST_NAMED: Final = 20


class Complaint(Struct, frozen=True, kw_only=True):
    """What somebody here says. `forward`: also tell the accused person's server, without a name."""

    accused_id: int
    post_ids: tuple[int, ...] = ()
    comment: str = ""
    category: ReportCategory = ReportCategory.OTHER
    rules: tuple[int, ...] = ()
    forward: bool = False


class Matter(Struct, frozen=True):
    """Who is accused of what, where. `place` is the community, if it was said in one."""

    accused: ActorView
    place: ActorView | None
    posts: tuple[Reported, ...]


class _Source(Struct, frozen=True):
    """Who says it: `id` is whose reports are one, the reporter or their server."""

    reporter: ActorView
    id: int


def report(tx: Tx, *, node: Node, reporter: Viewer, said: Complaint) -> list[int]:
    """Keep what somebody here reports, and tell whom it concerns; the reports' ids.

    Posts in several places make several reports. Posts of others than the accused are left out.

    Raises:
        NotFound: the accused or a post is not there for the reporter (Z03).
        Invalid: the words are too long, too many posts, or no rule of ours.
        NotAllowed: oneself, or the node's own actors.
    """
    accused = person(tx, reporter, said.accused_id)
    _refuse_impossible(reporter, accused, said)
    for post_id in said.post_ids:
        visible(tx, post_id, reporter)  # raises NotFound
    _check_rules(tx, node, said)
    named = [
        one for one in reports.reported_by_id(tx, said.post_ids) if one.author_id == accused.id
    ]
    me = actors.by_id(tx, reporter.actor)
    if me is None:
        raise NotFound
    comment = clean_text(said.comment, limit=LONGEST_COMMENT).strip()
    made = []
    for matter in _by_place(tx, accused, named):
        report_id = _keep(tx, node, _Source(me, me.id), matter, replace(said, comment=comment))
        if _send_on(tx, node, matter, comment, forward=said.forward):
            reports.set_forwarded(tx, report_id)
        made.append(report_id)
    return made


def _refuse_impossible(reporter: Viewer, accused: ActorView, said: Complaint) -> None:
    if accused.id == reporter.actor:
        raise NotAllowed("Nobody reports themselves")
    if accused.type is ActorType.APPLICATION or helper.is_helper(accused):
        raise NotAllowed("This account belongs to the node itself")
    if len(said.comment) > LONGEST_COMMENT:
        raise Invalid(f"A report has at most {LONGEST_COMMENT} characters", "comment")
    if len(said.post_ids) > MOST_NAMED:
        raise Invalid(f"A report names at most {MOST_NAMED} posts", "status_ids")


def _check_rules(tx: Tx, node: Node, said: Complaint) -> None:
    held = {row.id for row in house.rules(tx, node=node)} if said.rules else set()
    if not held.issuperset(said.rules):
        raise Invalid("Validation failed: there is no such rule", "rule_ids")


def _by_place(tx: Tx, accused: ActorView, named: Sequence[Reported]) -> list[Matter]:
    places: dict[int, list[Reported]] = {}
    for one in named:
        places.setdefault(one.place_id or 0, []).append(one)
    return [
        Matter(accused, actors.by_id(tx, place) if place else None, tuple(found))
        for place, found in (places or {0: []}).items()
    ]


def _keep(tx: Tx, node: Node, source: _Source, matter: Matter, said: Complaint) -> int:
    """Store a report and tell who looks at it; or add to the one that is open."""
    place_id = matter.place.id if matter.place is not None else 0
    about = {"accused_id": matter.accused.id, "community_id": place_id}
    row = ReportRow(
        id=new_id(tx),
        reporter_id=source.reporter.id,
        source_id=source.id,
        category=said.category,
        comment=said.comment,
        rules=orjson.dumps(said.rules),
        forwarded=False,
        state=ReportState.OPEN,
        created_at=tx.now,
        closed_at=None,
        closed_by=None,
        **about,
    )
    fresh = reports.insert_report(tx, row)
    if not fresh:
        known = reports.open_one(tx, source_id=source.id, **about)
        if known is None:
            raise NotFound
        _say_again(tx, known, source, said.comment)
        row = known
    reports.add_posts(tx, row.id, [one.id for one in matter.posts])
    if fresh:
        _tell(tx, node, row, matter)
    return row.id


def _say_again(tx: Tx, known: ReportRow, source: _Source, comment: str) -> None:
    """Other words about the same are kept beside the first, up to a number (O21)."""
    room = reports.count_notes(tx, known.id) < MOST_NOTES
    if comment and comment != known.comment and room:
        reports.add_note(tx, known.id, author_id=source.reporter.id, text=comment)


def _tell(tx: Tx, node: Node, row: ReportRow, matter: Matter) -> None:
    concerned = {row.accused_id, row.reporter_id}
    kind, who = NotificationKind.REPORT, row.reporter_id
    for moderator_id in set(reports.moderators(tx)) - concerned:
        retract(tx, actor_id=moderator_id, kind=kind, from_id=who)  # an older one, perhaps read
        notify(tx, actor_id=moderator_id, kind=kind, from_id=who)
    place = matter.place
    if place is None or not place.is_local:
        return
    for steward in communities.stewards(tx, place.id):
        if steward.actor_id not in concerned:
            text = notices.reported(
                place, matter.accused, row.comment, f"{node.origin}/reports/{row.id}"
            )
            helper.tell(tx, node=node, person_id=steward.actor_id, text=text)


def _send_on(tx: Tx, node: Node, matter: Matter, comment: str, *, forward: bool) -> bool:
    """Tell the community's node, and the accused person's if that was asked for; whether any.

    What was said among members goes to their community in any case, and nowhere else: nodes that
    share only a community never contact each other (protocol §5).
    """
    accused, place = matter.accused, matter.place
    closed = any(one.kind is Kind.COMMUNITY for one in matter.posts)
    told = []
    if place is not None and not place.is_local and (closed or forward):
        told.append((place, [one.uri for one in matter.posts]))
    if forward and not closed and not accused.is_local and accused.inbox:
        theirs = [one.uri for one in matter.posts if one.origin_id == accused.origin_id]
        told.append((accused, theirs))
    for to, uris in told:
        outbox.forwarded(tx, node=node, to=to, accused=accused.uri, posts=uris, comment=comment)
    return bool(told)


def keep_from_elsewhere(
    tx: Tx, *, node: Node, signer: ActorView, matters: Collection[Matter], comment: str
) -> None:
    """Keep what another server reports; one open report of a server about the same."""
    source = _Source(signer, signer.origin_id)
    said = Complaint(accused_id=0, comment=comment)
    for matter in matters:
        _keep(tx, node, source, matter, said)


# Looking at them.


def may_handle(tx: Tx, row: ReportRow, actor_id: int) -> bool:
    """Whether somebody here looks at a report: a moderator, or a steward of its community.

    Never whom it is about.
    """
    account = accounts.by_id(tx, actor_id)
    if account is None or not account.is_active or row.accused_id == actor_id:
        return False
    member = communities.member(tx, row.community_id, actor_id) if row.community_id else None
    active = member is not None and member.is_active(tx.now)
    stands = Standing(account.role, member.role if member is not None and active else None)
    return may(Action.HANDLE_REPORTS, stands)


def knows_reporter(tx: Tx, actor_id: int) -> bool:
    """Whether somebody may know who reported: moderators of this node alone."""
    account = accounts.by_id(tx, actor_id)
    return account is not None and account.is_active and account.role >= Role.MODERATOR


def close(tx: Tx, *, report_id: int, by_id: int, note: str = "") -> None:
    """Close a report; again changes nothing. `by_id` 0 is the operator.

    Raises:
        NotFound: there is no such report for who asks.
    """
    _change(tx, report_id, by_id, ReportState.CLOSED, note)


def reopen(tx: Tx, *, report_id: int, by_id: int, note: str = "") -> None:
    """Open a report again.

    Raises:
        NotFound: there is no such report for who asks.
        NotAllowed: another one about the same is open.
    """
    row = _handled(tx, report_id, by_id)
    open_one = reports.open_one(
        tx, source_id=row.source_id, accused_id=row.accused_id, community_id=row.community_id
    )
    if open_one is not None and open_one.id != row.id:
        raise NotAllowed("There is a newer report about the same, which is open")
    _change(tx, report_id, by_id, ReportState.OPEN, note)


def annotate(tx: Tx, *, report_id: int, by_id: int, text: str) -> None:
    """Write something down beside a report, for others who look at it.

    Raises:
        NotFound: there is no such report for who asks.
        Invalid: no words, too many, or too many notes.
    """
    row = _handled(tx, report_id, by_id)
    words = clean_text(text, limit=LONGEST_NOTE).strip()
    if not words or len(text) > LONGEST_NOTE:
        raise Invalid(f"A note has between 1 and {LONGEST_NOTE} characters", "note")
    if reports.count_notes(tx, row.id) >= MOST_NOTES:
        raise Invalid("There are too many notes", "note")
    reports.add_note(tx, row.id, author_id=by_id, text=words)


def _handled(tx: Tx, report_id: int, by_id: int) -> ReportRow:
    row = reports.by_id(tx, report_id)
    if row is None or (by_id and not may_handle(tx, row, by_id)):
        raise NotFound
    return row


def _change(tx: Tx, report_id: int, by_id: int, to: ReportState, note: str) -> None:
    row = _handled(tx, report_id, by_id)
    if note.strip():
        annotate(tx, report_id=report_id, by_id=by_id, text=note)
    if not reports.set_state(tx, row.id, to, by_id=by_id):
        return
    deed = ModerationDeed.CLOSED if to is ReportState.CLOSED else ModerationDeed.REOPENED
    limits.log(tx, deed, by_id=by_id, about_id=row.accused_id, report_id=row.id)
    if to is ReportState.CLOSED:
        kind, who = NotificationKind.REPORT, row.reporter_id
        for moderator_id in reports.moderators(tx):
            retract(tx, actor_id=moderator_id, kind=kind, from_id=who)
