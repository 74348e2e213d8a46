"""Relay notes: which copy of which post went to which member on a plain server; and their answers.

A note's id is never given to anybody but its recipient, and never used again.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import MembershipState, Openness, Relay, Way
from domain.roles import CommunityRole
from storage.audience import fixed
from storage.columns import Id, Time, any_of
from storage.tables.actors import actors
from storage.tables.communities import (
    cards,
    memberships,
    plain_words,
    relay_mutes,
    relay_notes,
)
from storage.tables.files import files
from storage.tables.origins import origins
from storage.tables.posts import posts
from storage.tables.relations import blocks
from storage.tx import Tx

EVERYBODY_THERE: Final = 0
"""The recipient of a note for all members on one server."""


class RelayNoteRow(Struct, frozen=True, gc=False):
    """One row of `relay_notes`, in the order of its columns. Times are ms UTC."""

    id: int
    token: str
    community_id: int
    post_id: int
    actor_id: int
    origin_id: int
    relay: Relay
    published_at: int
    retired_at: int | None

    @property
    def is_shared(self) -> bool:
        """Whether it is for all members on its server."""
        return self.actor_id == EVERYBODY_THERE

    @property
    def is_live(self) -> bool:
        """Whether its recipient is meant to have it."""
        return self.retired_at is None


class PlainWordsRow(Struct, frozen=True, gc=False):
    """One row of `plain_words`, in the order of its columns."""

    uri: str
    post_id: int
    actor_id: int
    openness: Openness


class Recipient(Struct, frozen=True, gc=False):
    """A member on a plain server, with the personal inbox and what that server is."""

    actor_id: int
    uri: str
    handle: str
    domain: str
    inbox: str
    shared_inbox: str | None
    origin_id: int
    origin: str
    software: str | None


class Byline(Struct, frozen=True, gc=False):
    """What a community calls somebody, and the organisation that the person comes from."""

    name: str
    home: str


_NOTE: Select[*tuple[Any, ...]] = select(*relay_notes.c)
_BY_TOKEN: Final = _NOTE.where(relay_notes.c.token == bindparam("token"))
_LIVE: Final = relay_notes.c.retired_at.is_(None)
_LIVE_OF_POST: Final = _NOTE.where(
    relay_notes.c.post_id == bindparam("post_id", type_=Id), _LIVE
).order_by(relay_notes.c.actor_id, relay_notes.c.id)
_OF_ORIGIN: Final = relay_notes.c.origin_id == bindparam("origin_id", type_=Id)
_FOR_EVERYBODY: Final = relay_notes.c.actor_id == fixed(EVERYBODY_THERE)
_THEIRS: Final = or_(
    relay_notes.c.actor_id == bindparam("actor_id", type_=Id), and_(_OF_ORIGIN, _FOR_EVERYBODY)
)
_LIVE_OF_PAIR: Final = _NOTE.where(
    relay_notes.c.post_id == bindparam("post_id", type_=Id), _THEIRS, _LIVE
).order_by(relay_notes.c.actor_id.desc(), relay_notes.c.id.desc())
_SHARED: Final = _NOTE.where(
    _FOR_EVERYBODY, _OF_ORIGIN, relay_notes.c.community_id == bindparam("community_id", type_=Id)
).order_by(relay_notes.c.id)
_LIVE_OF_MEMBER: Final = _NOTE.where(
    relay_notes.c.actor_id == bindparam("actor_id", type_=Id),
    relay_notes.c.community_id == bindparam("community_id", type_=Id),
    _LIVE,
).order_by(relay_notes.c.id)
_LAST: Final = select(func.max(relay_notes.c.published_at)).where(
    _OF_ORIGIN,
    or_(
        bindparam("actor_id", type_=Id) == fixed(EVERYBODY_THERE),
        relay_notes.c.actor_id.in_([bindparam("actor_id", type_=Id), fixed(EVERYBODY_THERE)]),
    ),
)
_INSERT: Final = insert(relay_notes).values(
    {column.name: bindparam(column.name) for column in relay_notes.c}
)
_RETIRE: Final = (
    update(relay_notes)
    .where(relay_notes.c.id == bindparam("key"), _LIVE)
    .values(retired_at=bindparam("now"))
)


def by_token(tx: Tx, token: str) -> RelayNoteRow | None:
    """A note by the unguessable part of its id, retired or not."""
    row = tx.first(_BY_TOKEN, token=token)
    return None if row is None else RelayNoteRow(*row)


def live_of_post(tx: Tx, post_id: int) -> list[RelayNoteRow]:
    """The notes of a post that their recipients have."""
    return [RelayNoteRow(*row) for row in tx.all(_LIVE_OF_POST, post_id=post_id)]


def live_copy(tx: Tx, post_id: int, actor_id: int, origin_id: int) -> RelayNoteRow | None:
    """A member's own copy of a post, or the one that all members on that server have."""
    row = tx.first(_LIVE_OF_PAIR, post_id=post_id, actor_id=actor_id, origin_id=origin_id)
    return None if row is None else RelayNoteRow(*row)


def shared_at(tx: Tx, community_id: int, origin_id: int) -> list[RelayNoteRow]:
    """Notes of a community that were sent to all its members on a server at once, live or not."""
    rows = tx.all(_SHARED, community_id=community_id, origin_id=origin_id)
    return [RelayNoteRow(*row) for row in rows]


def live_of_member(tx: Tx, community_id: int, actor_id: int) -> list[RelayNoteRow]:
    """Everything of a community that a member has."""
    rows = tx.all(_LIVE_OF_MEMBER, community_id=community_id, actor_id=actor_id)
    return [RelayNoteRow(*row) for row in rows]


def last_published(tx: Tx, actor_id: int, origin_id: int) -> int:
    """The time that the newest note to a member says, of whatever community; 0 without one.

    `actor_id` may be EVERYBODY_THERE: then to anybody on that server.
    """
    return tx.scalar(_LAST, actor_id=actor_id, origin_id=origin_id) or 0


def insert_note(tx: Tx, row: RelayNoteRow) -> None:
    """Store a note that is about to be sent."""
    tx.insert(_INSERT, **{name: getattr(row, name) for name in RelayNoteRow.__struct_fields__})


def retire(tx: Tx, note_id: int) -> bool:
    """Its recipient is asked to delete it; False if that was so before."""
    return tx.change(_RETIRE, key=note_id, now=tx.now) > 0


_RECIPIENT: Select[*tuple[Any, ...]] = (
    select(
        actors.c.id,
        actors.c.uri,
        actors.c.handle,
        actors.c.domain,
        actors.c.inbox,
        actors.c.shared_inbox,
        actors.c.origin_id,
        origins.c.origin,
        origins.c.software,
    )
    .join(origins, origins.c.id == actors.c.origin_id)
    .where(actors.c.origin_id != fixed(HERE), actors.c.gone_at.is_(None), actors.c.inbox != "")
)
_BLOCKED: Final = (
    select(blocks.c.blocker_id)
    .where(
        or_(
            and_(blocks.c.blocker_id == actors.c.id, blocks.c.blocked_id == bindparam("author_id")),
            and_(blocks.c.blocked_id == actors.c.id, blocks.c.blocker_id == bindparam("author_id")),
        )
    )
    .exists()
)
_IS_PLAIN: Final = and_(
    memberships.c.community_id == bindparam("community_id", type_=Id),
    memberships.c.way == fixed(Way.PLAIN),
    memberships.c.state == fixed(MembershipState.ACTIVE),
    or_(
        memberships.c.until.is_(None),
        memberships.c.until > bindparam("now", type_=Time),
    ),
)
_MUTED: Final = (
    select(relay_mutes.c.author_id)
    .where(
        relay_mutes.c.community_id == bindparam("community_id", type_=Id),
        relay_mutes.c.member_id == actors.c.id,
        relay_mutes.c.author_id == bindparam("author_id", type_=Id),
    )
    .exists()
)
_PLAIN_MEMBERS: Final = (
    _RECIPIENT.join(memberships, memberships.c.actor_id == actors.c.id)
    .where(_IS_PLAIN, ~_BLOCKED, ~_MUTED)
    .order_by(actors.c.id)
)
_RECIPIENTS: Final = _RECIPIENT.where(any_of(actors.c.id, "ids")).order_by(actors.c.id)
_IS_PLAIN_MEMBER: Final = select(memberships.c.actor_id).where(
    _IS_PLAIN, memberships.c.actor_id == bindparam("actor_id", type_=Id)
)


def plain_members(tx: Tx, community_id: int, *, author_id: int) -> list[Recipient]:
    """Active members on plain servers who have no block with the author and did not mute them."""
    rows = tx.all(_PLAIN_MEMBERS, community_id=community_id, author_id=author_id, now=tx.now)
    return [Recipient(*row) for row in rows]


def recipients(tx: Tx, actor_ids: Iterable[int]) -> dict[int, Recipient]:
    """These people elsewhere, members or not, by their ids; for what is taken back from them."""
    return {row[0]: Recipient(*row) for row in tx.all(_RECIPIENTS, ids=sorted(set(actor_ids)))}


def is_plain_member(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody is an active member who gets relay notes."""
    found = tx.scalar(_IS_PLAIN_MEMBER, community_id=community_id, actor_id=actor_id, now=tx.now)
    return found is not None


_STEWARDS: Final = (
    select(memberships.c.actor_id)
    .where(
        memberships.c.community_id == bindparam("community_id", type_=Id),
        memberships.c.role == fixed(CommunityRole.STEWARD),
        memberships.c.state == fixed(MembershipState.ACTIVE),
        or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
    )
    .order_by(memberships.c.actor_id)
)
_CARDS: Final = select(cards.c.actor_id, cards.c.name, cards.c.home).where(
    cards.c.community_id == bindparam("community_id", type_=Id), any_of(cards.c.actor_id, "ids")
)


def stewards(tx: Tx, community_id: int) -> list[int]:
    """Who looks after the community now."""
    return [row[0] for row in tx.all(_STEWARDS, community_id=community_id, now=tx.now)]


def bylines(tx: Tx, community_id: int, actor_ids: Collection[int]) -> dict[int, Byline]:
    """How the community's cards call these people."""
    rows = tx.all(_CARDS, community_id=community_id, ids=sorted(set(actor_ids)))
    return {actor_id: Byline(name, home) for actor_id, name, home in rows}


_PICTURES: Final = (
    select(func.count()).select_from(files).where(files.c.post_id == bindparam("post_id", type_=Id))
)


def pictures(tx: Tx, post_id: int) -> int:
    """How many files belong to a post."""
    return tx.scalar(_PICTURES, post_id=post_id) or 0


_WORDS: Select[*tuple[Any, ...]] = select(*plain_words.c)
_WORDS_BY_URI: Final = _WORDS.where(plain_words.c.uri == bindparam("uri"))
_WORDS_OF_POST: Final = _WORDS.where(plain_words.c.post_id == bindparam("post_id", type_=Id))
_PUT_WORDS: Final = insert(plain_words).values(
    {column.name: bindparam(column.name) for column in plain_words.c}
)
_UPSERT_WORDS: Final = _PUT_WORDS.on_conflict_do_update(
    index_elements=[plain_words.c.uri],
    set_={
        "post_id": _PUT_WORDS.excluded.post_id,
        "openness": _PUT_WORDS.excluded.openness,
    },
)
_HELD: Final = (
    select(func.count())
    .select_from(plain_words)
    .join(posts, posts.c.id == plain_words.c.post_id)
    .where(
        posts.c.place_id == bindparam("community_id", type_=Id),
        plain_words.c.openness == fixed(Openness.OPEN),
    )
)


def words_by_uri(tx: Tx, uri: str) -> PlainWordsRow | None:
    """What a member wrote on a plain server, by the note's id there."""
    row = tx.first(_WORDS_BY_URI, uri=uri)
    return None if row is None else PlainWordsRow(*row)


def words_of_post(tx: Tx, post_id: int) -> PlainWordsRow | None:
    """The same by the post that it is here."""
    row = tx.first(_WORDS_OF_POST, post_id=post_id)
    return None if row is None else PlainWordsRow(*row)


def put_words(tx: Tx, row: PlainWordsRow) -> None:
    """Remember which note became which post, and how open it is where it was written."""
    tx.run(
        _UPSERT_WORDS,
        uri=row.uri,
        post_id=row.post_id,
        actor_id=row.actor_id,
        openness=row.openness,
    )


def held(tx: Tx, community_id: int) -> int:
    """How many answers were not passed on because the whole world could read them: for stewards."""
    return tx.scalar(_HELD, community_id=community_id) or 0
