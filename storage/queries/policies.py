"""What somebody wants to be told by whom: the policy, as rows and as SQL.

`ruled` is part of the one statement that stores a notification, so that no policy is ever passed.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Kind
from domain.kinds import FollowState, Limit
from domain.notifying import NEW_FOLLOWER_MS, NEW_MS, Policy, Stance
from storage.audience import fixed
from storage.columns import Id, Number, Time
from storage.tables.actors import actors
from storage.tables.notifying import permissions, policies
from storage.tables.posts import posts
from storage.tables.relations import follows
from storage.tx import Tx

_ACTOR: Final = bindparam("actor_id", type_=Id)
_NOW: Final = bindparam("now", type_=Time)
_RULES: Final = tuple(Policy.__struct_fields__)
_DEFAULTS: Final = Policy()


def ruled(
    stance: Stance,
    told: ColumnElement[int],
    sender: ColumnElement[int],
    post_id: ColumnElement[int],
) -> ColumnElement[bool]:
    """Whether the policy of `told` says this of what `sender` does to them.

    For a statement that has `policies` outer-joined, and `now` among its parameters. Never NULL.
    """
    stranger = ~follows_accepted(told, sender)
    causes = {
        "limited_accounts": and_(_is_silenced(sender), stranger),
        "not_following": stranger,
        "not_followers": ~_is_old_follower(sender, told),
        "new_accounts": and_(_is_new(sender), stranger),
        "private_mentions": and_(_is_unasked(post_id, told), stranger),
    }
    return or_(*(and_(_chosen(rule) == fixed(stance), causes[rule]) for rule in _RULES))


def is_permitted(told: ColumnElement[int], sender: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether `told` wants to hear of `sender`, whatever the policy says."""
    return (
        exists()
        .where(permissions.c.actor_id == told, permissions.c.from_id == sender)
        .correlate_except(permissions)
    )


def follows_accepted(
    follower: ColumnElement[int], target: ColumnElement[int]
) -> ColumnElement[bool]:
    """Whether the one follows the other, with consent."""
    tie = follows.alias()
    return (
        exists()
        .where(
            tie.c.follower_id == follower,
            tie.c.target_id == target,
            tie.c.state == fixed(FollowState.ACCEPTED),
        )
        .correlate_except(tie)
    )


def _chosen(rule: str) -> ColumnElement[int]:
    return func.coalesce(policies.c[rule], fixed(getattr(_DEFAULTS, rule)), type_=Number())


def _is_silenced(sender: ColumnElement[int]) -> ColumnElement[bool]:
    who = actors.alias()
    silenced = who.c.limited == fixed(Limit.SILENCED)
    return exists().where(who.c.id == sender, silenced).correlate_except(who)


def _is_new(sender: ColumnElement[int]) -> ColumnElement[bool]:
    who = actors.alias()
    young = who.c.created_at > _NOW - fixed(NEW_MS)
    return exists().where(who.c.id == sender, young).correlate_except(who)


def _is_old_follower(sender: ColumnElement[int], told: ColumnElement[int]) -> ColumnElement[bool]:
    tie = follows.alias()
    return (
        exists()
        .where(
            tie.c.follower_id == sender,
            tie.c.target_id == told,
            tie.c.state == fixed(FollowState.ACCEPTED),
            tie.c.created_at <= _NOW - fixed(NEW_FOLLOWER_MS),
        )
        .correlate_except(tie)
    )


def _is_unasked(post_id: ColumnElement[int], told: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the post is a private word in a talk in which `told` has said nothing."""
    word, said = posts.alias(), posts.alias()
    spoke = (
        exists()
        .where(said.c.root_id == word.c.root_id, said.c.author_id == told)
        .correlate_except(said)
    )
    return (
        exists()
        .where(word.c.id == post_id, word.c.kind == fixed(Kind.DIRECT), ~spoke)
        .correlate_except(word)
    )


_columns = [policies.c[rule] for rule in _RULES]
_FIND: Final = select(*_columns).where(policies.c.actor_id == _ACTOR)
_PUT_NEW = insert(policies).values(
    actor_id=_ACTOR, **{rule: bindparam(rule, type_=policies.c[rule].type) for rule in _RULES}
)
_PUT: Final = _PUT_NEW.on_conflict_do_update(
    index_elements=[policies.c.actor_id],
    set_={rule: _PUT_NEW.excluded[rule] for rule in _RULES},
)
_PERMIT: Final = (
    insert(permissions)
    .values(actor_id=_ACTOR, from_id=bindparam("from_id", type_=Id), created_at=_NOW)
    .on_conflict_do_nothing()
)
_FORGET: Final = delete(policies).where(policies.c.actor_id == _ACTOR)
_FORGET_PERMISSIONS: Final = delete(permissions).where(
    or_(permissions.c.actor_id == _ACTOR, permissions.c.from_id == _ACTOR)
)


def of(tx: Tx, actor_id: int) -> Policy:
    """Somebody's policy; the defaults for who never chose."""
    row: Any = tx.first(_FIND, actor_id=actor_id)
    return _DEFAULTS if row is None else Policy(*row)


def put(tx: Tx, actor_id: int, policy: Policy) -> None:
    """Keep somebody's policy."""
    tx.run(_PUT, actor_id=actor_id, **{rule: getattr(policy, rule) for rule in _RULES})


def permit(tx: Tx, actor_id: int, from_id: int) -> None:
    """From now on somebody hears of this one, whatever the policy says."""
    tx.run(_PERMIT, actor_id=actor_id, from_id=from_id, now=tx.now)


def forget(tx: Tx, actor_id: int) -> None:
    """Remove what somebody chose, and what others chose about them: they left."""
    tx.change(_FORGET, actor_id=actor_id)
    tx.change(_FORGET_PERMISSIONS, actor_id=actor_id)
