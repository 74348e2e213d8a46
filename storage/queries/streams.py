"""Who of the connected people may be sent an event: asked at the moment of sending.

Nothing is remembered from the moment when the event was made: a right that ended in between is
over (protocol §6).
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select

from domain.audience import Kind
from domain.ids import HERE
from domain.kinds import AccountState, Limit, MembershipState
from storage.audience import fixed, local_reader, readable, shown, welcome
from storage.columns import Id, Time, any_of
from storage.queries.home_rules import Line, by_follow, is_followed, listed_answer, set_apart
from storage.tables.accounts import accounts, tokens
from storage.tables.actors import actors
from storage.tables.communities import memberships
from storage.tables.files import files
from storage.tables.lists import list_members, lists
from storage.tables.posts import post_tags, posts
from storage.tables.timelines import home_entries
from storage.tx import Tx

_post: Final = posts.alias("post")
_original: Final = posts.alias("original")
_reader: Final = local_reader(accounts.c.id)
_POST = bindparam("post_id", type_=Id)


class StreamedPost(Struct, frozen=True, gc=False):
    """What decides in which streams a post belongs. `listed`: it stands in public timelines.

    `place_id` is the community where it was written, 0 for a profile; `is_wrapper`: it is what
    the community itself shows of such a post.
    """

    listed: bool
    first_hand: bool
    answers_others: bool
    local: bool
    author_id: int
    place_id: int
    is_wrapper: bool
    tags: frozenset[str]
    for_all: bool = False  # anybody reads it: it comes as it is to who does not follow the place
    has_files: bool = False


class Entitled(Struct, frozen=True, gc=False):
    """A reader and the epoch of the account now.

    `at_home`: the post stands in that home, itself or as the wrapper of its community; `itself`:
    as it is. `belongs`: the reader is an active member of the community where it was written.
    `full`: a full member of this node. `follows`: the reader follows who wrote or shared it.
    `lists`: those of the reader's own lists, of the ones that were asked for, where it stands.
    """

    account_id: int
    epoch: int
    at_home: bool
    belongs: bool
    itself: bool = False
    full: bool = False
    follows: bool = False
    lists: frozenset[int] = frozenset()


_wrapper = posts.alias("wrapper")


def _written(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    at_home = and_(
        home_entries.c.actor_id == accounts.c.id,
        condition,
        ~set_apart(home_entries.c.author_id, accounts.c.id),
    )
    return exists().where(at_home).correlate_except(home_entries)


_itself = _written(home_entries.c.post_id == _POST)
_wrapped = _written(
    home_entries.c.post_id.in_(
        select(_wrapper.c.id).where(
            _wrapper.c.share_of_id == _POST, _wrapper.c.author_id == _wrapper.c.place_id
        )
    )
)
_belongs = (
    exists()
    .where(
        memberships.c.community_id == _post.c.place_id,
        memberships.c.actor_id == accounts.c.id,
        memberships.c.state == fixed(MembershipState.ACTIVE),
        or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
    )
    .correlate_except(memberships)
)


def _readers(condition: ColumnElement[bool]) -> Any:
    posted = _post.outerjoin(_original, _original.c.id == _post.c.share_of_id)
    return (
        select(
            accounts.c.id,
            accounts.c.epoch,
            _itself.label("itself"),
            _wrapped.label("wrapped"),
            _belongs.label("belongs"),
            _reader.full.label("full"),
            is_followed(accounts.c.id, _post.c.author_id).label("follows"),
        )
        .select_from(accounts.join(posted, _post.c.id == _POST))
        .where(
            any_of(accounts.c.id, "ids"),
            accounts.c.state == fixed(AccountState.ACTIVE),
            condition,
            welcome(_post.c.author_id, _reader),
            or_(_original.c.id.is_(None), welcome(_original.c.author_id, _reader)),
        )
    )


_MAY_SEE: Final = _readers(shown(_post, _original, _reader))
# The post is deleted: those are told who could read it. A share goes with what it shared.
_COULD_SEE: Final = _readers(
    and_(
        readable(_post, _reader),
        or_(_post.c.share_of_id.is_(None), readable(_original, _reader)),
    )
)
_author = actors.alias("author")
_FACTS: Select[*tuple[Any, ...]] = select(
    _post.c.kind,
    _post.c.quiet,
    _post.c.share_of_id,
    _post.c.reply_to_id,
    _post.c.reply_to_uri,
    _post.c.reply_to_author_id,
    _post.c.origin_id,
    _post.c.author_id,
    _post.c.place_id,
    _author.c.limited,
    exists().where(files.c.post_id == _POST).correlate_except(files),
).where(_post.c.id == _POST, _author.c.id == _post.c.author_id)
_TAGS: Final = select(post_tags.c.tag).where(post_tags.c.post_id == _POST)
_EPOCHS: Final = select(accounts.c.id, accounts.c.epoch).where(
    any_of(accounts.c.id, "ids"), accounts.c.state == fixed(AccountState.ACTIVE)
)
_LIVE_TOKENS: Final = select(tokens.c.id).where(
    any_of(tokens.c.id, "ids"), tokens.c.revoked_at.is_(None)
)


def streamed_post(tx: Tx, post_id: int) -> StreamedPost | None:
    """The facts about a post that decide in which streams it belongs."""
    row = tx.first(_FACTS, post_id=post_id)
    if row is None:
        return None
    kind, quiet, share_of, reply_to, reply_uri, reply_author, origin, author, place = row[:9]
    limited, has_files = row[9:]
    answers = (reply_to is not None or reply_uri is not None) and reply_author != author
    return StreamedPost(
        # Who is silenced is come across by their own followers alone, at home.
        listed=kind <= Kind.NODE and not quiet and limited is Limit.NONE,
        first_hand=share_of is None,
        answers_others=answers,
        local=origin == HERE,
        author_id=author,
        place_id=place or 0,
        is_wrapper=share_of is not None and place == author,
        tags=frozenset(tag for (tag,) in tx.all(_TAGS, post_id=post_id)),
        for_all=kind is Kind.PUBLIC,
        has_files=bool(has_files),
    )


def readers(
    tx: Tx, post_id: int, account_ids: Collection[int], *, deleted: bool = False
) -> dict[int, Entitled]:
    """Those of the accounts that may be sent the post, or told of its deletion, by their id."""
    statement = _COULD_SEE if deleted else _MAY_SEE
    rows = tx.all(statement, post_id=post_id, ids=sorted(account_ids), now=tx.now)
    return {
        account_id: Entitled(
            *(account_id, epoch, bool(itself or wrapped), bool(belongs)),
            itself=bool(itself),
            full=bool(full),
            follows=bool(follows),
        )
        for account_id, epoch, itself, wrapped, belongs, full, follows in rows
    }


_members = lists.join(list_members, list_members.c.list_id == lists.c.id)
_IN_LISTS: Final = (
    select(lists.c.id, lists.c.actor_id)
    .select_from(
        _members.join(_post, _post.c.author_id == list_members.c.member_id).outerjoin(
            _original, _original.c.id == _post.c.share_of_id
        )
    )
    .where(
        _post.c.id == _POST,
        any_of(lists.c.id, "ids"),
        by_follow(Line(_post, _original), lists.c.actor_id),
        listed_answer(Line(_post, _original), lists, lists.c.actor_id),
    )
)
_TOUCHING_LISTS: Final = (
    select(lists.c.id, lists.c.actor_id)
    .select_from(
        _members.join(_post, list_members.c.member_id.in_([_post.c.author_id, _post.c.place_id]))
    )
    .where(_post.c.id == _POST, any_of(lists.c.id, "ids"))
)


def lists_with(
    tx: Tx, post_id: int, list_ids: Collection[int], *, new: bool
) -> dict[int, frozenset[int]]:
    """Those of the lists in which a post belongs, by whose they are.

    What is not `new` may stand in more: whatever its authors and communities brought there.
    """
    found: dict[int, set[int]] = {}
    statement = _IN_LISTS if new else _TOUCHING_LISTS
    for list_id, actor_id in tx.all(statement, post_id=post_id, ids=sorted(list_ids)):
        found.setdefault(actor_id, set()).add(list_id)
    return {actor_id: frozenset(ids) for actor_id, ids in found.items()}


def epochs(tx: Tx, account_ids: Collection[int]) -> dict[int, int]:
    """The epochs of those of the accounts that are open."""
    return dict(tx.all(_EPOCHS, ids=sorted(account_ids)))


def live_tokens(tx: Tx, token_ids: Collection[int]) -> set[int]:
    """Those of the tokens that were not revoked."""
    return {row[0] for row in tx.all(_LIVE_TOKENS, ids=sorted(token_ids))}
