"""What stewards who live elsewhere do in open communities of ours (FEP-1b12, Lemmy's words).

Delete, Lock, Block, Add, Remove, and Undo of these. By the same words an author deletes a post and
a person blocks another, so each is asked first whether it is about a community.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import parse
from activitypub.parse.moderation import KINDS, Act, parse_act
from domain.node import Node
from domain.roles import CommunityRole
from federation.fetcher import Fetcher
from inbox.reading import LARGEST
from inbox.signed import Dropped, Handler, SignedActivity
from social import moderating, open_communities
from social.communities import set_role
from storage.queries import actors, posts
from storage.tx import Tx

_MODERATORS: Final = "/moderators"
_FEATURED: Final = "/featured"


class _Moderating(Struct, frozen=True):
    """A deed in the community with this id."""

    act: Act
    community_id: int


class _Otherwise(Struct, frozen=True):
    """Something else; `meaning` as the type's own handler found it."""

    meaning: Any


def or_moderating(handler: Handler[Any]) -> Handler[Any]:
    """A handler for a type of activity that can be a steward's deed as well."""

    async def verify(signed: SignedActivity, fetcher: Fetcher) -> Any:
        act = _act(signed)
        if act is not None:
            found = await fetcher.db.read(_community, signed.signer.id, act)
            if found is not None:
                return _Moderating(act, found)
        return _Otherwise(await handler.verify(signed, fetcher))

    def receive(tx: Tx, node: Node, signed: SignedActivity, meaning: Any) -> str | None:
        if isinstance(meaning, _Moderating):
            return _done(tx, node, signed, meaning)
        return handler.receive(tx, node, signed, meaning.meaning)

    return Handler(verify, receive)


async def _verify_lock(_signed: SignedActivity, _fetcher: Fetcher) -> None:
    raise Dropped("no thread of a community here")


def _receive_lock(_tx: Tx, _node: Node, _signed: SignedActivity, _meaning: None) -> str | None:
    return None


LOCK: Final = Handler(_verify_lock, _receive_lock)
"""A Lock that is about no community of ours."""


def _act(signed: SignedActivity) -> Act | None:
    if signed.activity.type not in {*KINDS, "Undo"} or not signed.body:
        return None
    return parse_act(parse(signed.body, max_bytes=LARGEST))


def _community(tx: Tx, signer_id: int, act: Act) -> int | None:
    """The open community of ours that it is about; None: it is something else."""
    if act.kind in {"Delete", "Lock"}:
        row = posts.by_uri(tx, act.about)
        community = open_communities.hosted(tx, row)
        own = row is not None and row.author_id == signer_id
        if community is None or (own and act.kind == "Delete"):
            return None
        return community.id
    target = act.target or ""
    for ending in (_MODERATORS, _FEATURED):
        target = target.removesuffix(ending) if act.kind != "Block" else target
    found = open_communities.group_called(tx, target) if target else None
    return found.id if found is not None else None


def _done(tx: Tx, node: Node, signed: SignedActivity, meaning: _Moderating) -> str | None:
    """Do it; whoever is no steward may not (NotAllowed)."""
    act, by_id, body = meaning.act, signed.signer.id, signed.body or b""
    if act.kind == "Block":
        return _block(tx, node, meaning, by_id, body)
    if (act.target or "").endswith(_MODERATORS):
        return _appoint(tx, node, meaning, by_id, body)
    row = posts.by_uri(tx, act.about)
    if row is None or row.place_id != meaning.community_id:
        return "no post of that community"
    if act.kind in {"Add", "Remove"}:
        on = act.kind == "Add"
        moderating.feature(tx, node=node, post=row, by_id=by_id, on=on, body=body)
    elif act.undo:
        undo = moderating.restore if act.kind == "Delete" else moderating.reopen
        undo(tx, node=node, post=row, by_id=by_id, body=body)
    else:
        do = moderating.withdraw if act.kind == "Delete" else moderating.close
        do(tx, node=node, post=row, by_id=by_id, reason=act.reason, body=body)
    return None


def _block(tx: Tx, node: Node, meaning: _Moderating, by_id: int, body: bytes) -> str | None:
    act, person = meaning.act, actors.by_uri(tx, meaning.act.about)
    if person is None:
        return "there is nobody of that id"
    place = {"community_id": meaning.community_id, "actor_id": person.id, "by_id": by_id}
    if act.undo:
        moderating.unban(tx, node=node, body=body, **place)
        return None
    moderating.ban(
        tx,
        node=node,
        reason=act.reason,
        until=act.until,
        remove_posts=act.remove_posts,
        body=body,
        **place,
    )
    return None


def _appoint(tx: Tx, node: Node, meaning: _Moderating, by_id: int, body: bytes) -> str | None:
    person = actors.by_uri(tx, meaning.act.about)
    if person is None:
        return "there is nobody of that id"
    steward = meaning.act.kind == "Add"
    set_role(
        tx,
        node=node,
        community_id=meaning.community_id,
        actor_id=person.id,
        role=CommunityRole.STEWARD if steward else CommunityRole.MEMBER,
        by_id=by_id,
        body=body,
    )
    return None
