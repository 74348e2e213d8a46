"""Communities that are open to the world, and groups of other servers: what is written where.

Anybody reads what is said there (protocol §1: `public`), so nothing has to be handed in first. A
post stands in the community that it names or in whose thread it answers; the community shows it by
its wrapper. In one of ours that happens as soon as the post comes; one elsewhere announces it.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from activitypub.parse.posts import NoteDocument
from domain.addressing import PUBLIC_URI, DocumentAudience
from domain.audience import Kind
from domain.communities import may_write
from domain.errors import NotAllowed
from domain.kinds import ActorType, Life, MembershipState
from domain.node import Node
from outbox.open_communities import pass_on, place_of
from social import storing
from storage.queries import actors, closed, communities, posts, wrappers
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

_OWN_PAGE: Final = re.compile(r"/@[^/]+/([0-9]{1,19})")
SHUT_OUT = "they were shut out of that community"
CLOSED = "that thread is closed"

__all__ = [
    "CLOSED",
    "SHUT_OUT",
    "by_address",
    "check_may_react",
    "check_may_write",
    "group_called",
    "hosted",
    "is_closed",
    "is_shut_out",
    "may_write_in",
    "pass_on",
    "place_for",
    "place_of",
    "placed",
    "refusal",
    "take_in",
]


def hosted(tx: Tx, row: PostRow | None) -> ActorView | None:
    """The open community of this node in which a post was written."""
    place = place_of(tx, row) if row is not None and row.share_of_id is None else None
    return place if place is not None and place.is_local else None


def may_write_in(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody may write in an open community (`domain.communities.may_write`)."""
    settings = communities.by_id(tx, community_id)
    if settings is None or settings.life in {Life.PLANNING, Life.ARCHIVED}:
        return False
    member = communities.member(tx, community_id, actor_id)
    state = member.state if member is not None else None
    if member is not None and member.is_ban_over(tx.now):
        state = None
    active = member is not None and member.is_active(tx.now)
    return may_write(settings.preset, settings.joining, state, is_member=active)


def is_shut_out(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether the stewards of a community shut somebody out of it."""
    member = communities.member(tx, community_id, actor_id)
    return (
        member is not None
        and member.state is MembershipState.BANNED
        and not member.is_ban_over(tx.now)
    )


def is_closed(tx: Tx, row: PostRow | None) -> bool:
    """Whether nothing new is written in the thread of a post."""
    return row is not None and row.place_id is not None and closed.is_closed(tx, row.root_id)


# Where a post of another server stands.


def place_for(
    tx: Tx,
    note: NoteDocument,
    signer: ActorView,
    people: Iterable[ActorView],
    parent: PostRow | None,
) -> ActorView | None:
    """The open community in which a post of another server is written; None: on its author's page.

    That of the thread, or the first one named that the author may write in. Whose answer goes to a
    thread that stands elsewhere stays there.
    """
    if PUBLIC_URI not in {*note.to, *note.cc}:
        return None
    if parent is not None:
        place = place_of(tx, parent)
        found = [place] if place is not None else []
    else:
        groups = {actor.uri: actor for actor in people if actor.type is ActorType.GROUP}
        tagged = [each.href for each in note.mentions]
        named = dict.fromkeys((*note.audience, *note.to, *note.cc, *tagged))
        found = [groups[uri] for uri in named if uri in groups]
    return next((one for one in found if _takes(tx, one, signer)), None)


def _takes(tx: Tx, group: ActorView, author: ActorView) -> bool:
    settings = communities.by_id(tx, group.id)
    if settings is None or not settings.is_for_the_world or group.gone_at is not None:
        return False
    return not group.is_local or may_write_in(tx, group.id, author.id)


def placed(tx: Tx, said: DocumentAudience, place: ActorView | None) -> DocumentAudience:
    """What a document's addresses mean, if it is written in `place`: never wider by that."""
    settings = communities.by_id(tx, place.id) if place is not None else None
    if place is None or settings is None or not settings.is_for_the_world:
        return said
    is_public = said.audience.kind is Kind.PUBLIC
    return replace(said, place=place.id if is_public else None)


# What comes to an open community of ours.


def refusal(tx: Tx, signer: ActorView, *, about: PostRow | None, answers: bool) -> str | None:
    """Why somebody may say nothing about a post in an open community of ours; None: they may.

    `answers`: they write an answer to it.
    """
    community = hosted(tx, about)
    if community is None or about is None:
        return None
    if is_shut_out(tx, community.id, signer.id):
        return SHUT_OUT
    return CLOSED if answers and is_closed(tx, about) else None


def take_in(tx: Tx, *, node: Node, row: PostRow, received_at: int, body: bytes) -> bool:
    """Show a post that came from elsewhere in its open community of ours, and announce it as it
    came; False if that was done before, or cannot be.
    """
    community = hosted(tx, row)
    if community is None or row.deleted_at is not None or not row.is_accepted:
        return False
    if wrappers.last_of(tx, row.id, community.id) is not None:
        return False
    storing.wrap(tx, row, community=community, uri=None, announced_at=received_at, node=node)
    pass_on(tx, community, post_id=row.id, body=body)
    return True


def check_may_write(
    tx: Tx, author_id: int, *, place_id: int | None, parent: PostRow | None
) -> None:
    """Raise NotAllowed for one of ours who may say nothing there, or in a thread that is closed."""
    settings = communities.by_id(tx, place_id) if place_id is not None else None
    if place_id is None or settings is None or not settings.is_for_the_world:
        return
    if settings.life is Life.ARCHIVED:
        raise NotAllowed("This community is archived: nothing new is written in it")
    if is_closed(tx, parent):
        raise NotAllowed("This thread is closed: nothing new is written in it")
    _check_not_shut_out(tx, place_id, author_id)
    place = actors.by_id(tx, place_id)
    if place is not None and place.is_local and not may_write_in(tx, place_id, author_id):
        raise NotAllowed("Only members write in this community: follow it first")


def check_may_react(tx: Tx, actor_id: int, row: PostRow) -> None:
    """Raise NotAllowed for one of ours who was shut out of the open community where a post stands.

    What takes back is never refused.
    """
    place = place_of(tx, row)
    if place is not None:
        _check_not_shut_out(tx, place.id, actor_id)


def _check_not_shut_out(tx: Tx, place_id: int, actor_id: int) -> None:
    if is_shut_out(tx, place_id, actor_id):
        raise NotAllowed("The stewards of this community shut you out")


def by_address(tx: Tx, node: Node, community_id: int, address: str) -> PostRow | None:
    """A post in a community by its id or the address of its page; None: there is none."""
    row = posts.by_uri(tx, address)
    ours = _OWN_PAGE.fullmatch(address.removeprefix(node.origin))
    if row is None and ours is not None:
        row = posts.by_id(tx, int(ours[1]))
    if row is None:
        post_id = wrappers.at_page(tx, community_id, address)
        row = posts.by_id(tx, post_id) if post_id is not None else None
    if row is not None and row.share_of_id is not None:
        row = posts.by_id(tx, row.share_of_id)
    return row if row is not None and row.place_id == community_id else None


def group_called(tx: Tx, uri: str) -> ActorView | None:
    """The open community of this node with that id."""
    actor = actors.by_uri(tx, uri)
    if actor is None or not actor.is_local or actor.gone_at is not None:
        return None
    settings = communities.by_id(tx, actor.id)
    return actor if settings is not None and settings.is_for_the_world else None
