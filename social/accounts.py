"""Accounts: made, changed, closed. Whoever has one owns one actor here.

Keys and password hashes are made by the caller before the write: they take longer than a unit of
work may (design §3).
"""

from typing import Final

from msgspec import Struct

from domain.audience import Kind
from domain.errors import Conflict, Invalid, NotFound
from domain.handles import check_new_handle
from domain.ids import token as new_secret
from domain.kinds import AccountState, ActorType, LinkPurpose, Role
from domain.node import Node
from federation.keyring import NewKeys
from social import emails, follows, memberships
from social.keys import store_keys
from social.signin import hashed
from storage.queries import accounts, actors, ids, links, tokens
from storage.queries.accounts import AccountRow
from storage.queries.actors import NewActor
from storage.queries.links import LinkRow
from storage.tx import Tx

FIRST_ADMIN_MS: Final = 24 * 3600 * 1000
INVITE_MS: Final = 7 * 24 * 3600 * 1000
RESET_MS: Final = 3600 * 1000

_TAKEN: Final = "That handle or e-mail address cannot be used"
_LINK_OVER: Final = "This link was used or is over. Please ask for a new one."


class Forgetful(Struct, frozen=True):
    """Who sets another password: words that it must not be."""

    handle: str
    email: str

    def __repr__(self) -> str:
        """Nothing private: this may end up in a traceback."""
        return "<Forgetful>"


def create_account(
    tx: Tx,
    *,
    node: Node,
    handle: str,
    email: str,
    password_hash: str,
    role: Role,
    keys: NewKeys | None,
) -> int:
    """Make an account with its actor; their common id.

    Without `keys` the actor can do nothing on the wire (tests of one node).

    Raises:
        Invalid: a handle or address that breaks the grammar, or a reserved handle.
        Conflict: taken, now or ever: a released handle is never given to somebody else.
    """
    check_new_handle(handle)
    emails.check(email)
    account_id = ids.new_id(tx)
    made = insert_local_actor(
        tx,
        node=node,
        actor_id=account_id,
        handle=handle,
        kind=ActorType.PERSON,
        keys=keys,
        # The node may choose for its people, each of whom may choose otherwise (protocol §3).
        public=node.public_means is Kind.PUBLIC and role is not Role.GUEST,
    )
    if not made or not accounts.insert_account(
        tx,
        account_id=account_id,
        email=email,
        email_folded=emails.fold(email),
        password_hash=password_hash,
        role=role,
    ):
        raise Conflict(_TAKEN)
    return account_id


def insert_local_actor(
    tx: Tx,
    *,
    node: Node,
    actor_id: int,
    handle: str,
    kind: ActorType,
    keys: NewKeys | None,
    name: str = "",
    summary: str = "",
    public: bool = False,
    discoverable: bool = True,
) -> bool:
    """Store an actor that lives here, with its keys; False if its handle is or was somebody's."""
    uri = node.actor(actor_id)
    new = NewActor(
        id=actor_id,
        uri=uri,
        type=kind,
        handle=handle,
        domain=node.handle_domain,
        name=name or handle,
        summary=summary,
        url=node.profile(handle),
        inbox=node.inbox(actor_id),
        shared_inbox=node.shared_inbox,
        outbox=node.collection(actor_id, "outbox"),
        followers=node.collection(actor_id, "followers"),
        following=node.collection(actor_id, "following"),
        public=public,
        discoverable=discoverable,
    )
    if not actors.insert_actor(tx, new):
        return False
    if keys is not None:
        store_keys(tx, actor_id=actor_id, uri=uri, keys=keys)
    return True


def account_of(tx: Tx, handle: str) -> AccountRow:
    """The account behind a handle here.

    Raises:
        NotFound: nobody has it, or it belongs to no account.
    """
    account = accounts.by_handle(tx, handle.removeprefix("@"))
    if account is None:
        raise NotFound
    return account


# Roles and states: whatever takes a right away makes the epoch grow and bites at once.


def set_role(tx: Tx, *, node: Node, account_id: int, role: Role) -> None:
    """Give an account another role. Browsers stay signed in and see the new role at once.

    Who becomes a guest stops following, and being followed by, the people here: no member's
    posts or lists reach a guest outside communities (protocol §1).

    Raises:
        NotFound: there is no such account.
        Conflict: nobody else could administer this node.
    """
    account = _existing(tx, account_id)
    if account.role is role:
        return
    if role is not Role.ADMIN:
        _keep_an_admin(tx, account)
    accounts.set_role(tx, account_id, role)
    tokens.carry_sessions(tx, account_id, old_epoch=account.epoch, new_epoch=account.epoch + 1)
    if role is Role.GUEST:
        follows.part_from_members(tx, node=node, actor_id=account_id)


def disable(tx: Tx, *, node: Node, account_id: int) -> None:
    """Close an account: tokens, codes and sessions end now. The handle stays taken.

    Its owner leaves every community, so that nothing more is sent here on that account.

    Raises:
        NotFound: there is no such account.
        Conflict: nobody else could administer this node.
    """
    account = _existing(tx, account_id)
    _keep_an_admin(tx, account)
    accounts.set_state(tx, account_id, AccountState.DISABLED)
    memberships.leave_all(tx, node=node, actor_id=account_id)
    _end_everything(tx, account_id)


def suspend(tx: Tx, *, account_id: int) -> None:
    """Keep an account out until it is set free: tokens, codes and sessions end now.

    Memberships and follows stay for that day. See `social/limiting.py`, which calls this.

    Raises:
        NotFound: there is no such account.
        Conflict: nobody else could administer this node.
    """
    account = _existing(tx, account_id)
    _keep_an_admin(tx, account)
    accounts.set_state(tx, account_id, AccountState.SUSPENDED)
    _end_everything(tx, account_id)


def close_for_good(tx: Tx, *, account_id: int) -> None:
    """End an account whose owner leaves for good: the login, its address and its password go.

    The row stays, so that the handle is never given again. See `social/departures.py`.

    Raises:
        NotFound: there is no such account, or it ended before.
        Conflict: nobody else could administer this node.
    """
    account = _existing(tx, account_id)
    if account.state is AccountState.DELETED:
        raise NotFound
    _keep_an_admin(tx, account)
    accounts.set_state(tx, account_id, AccountState.DELETED)
    accounts.forget_login(tx, account_id)
    _end_everything(tx, account_id)


def reset_password(tx: Tx, *, account_id: int, password_hash: str) -> None:
    """Set another password; whoever knew the old one, or holds a token, is out.

    Raises:
        NotFound: there is no such account.
    """
    _existing(tx, account_id)
    accounts.set_password(tx, account_id, password_hash)
    _end_everything(tx, account_id)


def _end_everything(tx: Tx, account_id: int) -> None:
    tokens.revoke_all(tx, account_id)
    tokens.drop_codes(tx, account_id)
    tokens.drop_sessions(tx, account_id)
    links.drop_for(tx, account_id, LinkPurpose.RESET)


def _existing(tx: Tx, account_id: int) -> AccountRow:
    account = accounts.by_id(tx, account_id)
    if account is None:
        raise NotFound
    return account


def _keep_an_admin(tx: Tx, account: AccountRow) -> None:
    """Refuse to take the last admin away. Two transactions at once wait for each other."""
    if account.role is Role.ADMIN and account.is_active:
        tx.lock("admins")
        if not accounts.other_admin(tx, account.id):
            raise Conflict("This is the only admin. Please make somebody else an admin first.")


# One-use links.


def first_admin_link(tx: Tx) -> str | None:
    """A token that makes the first admin, good for a day; None once there is an admin."""
    if accounts.any_admin(tx):
        return None
    return _link(tx, LinkPurpose.FIRST_ADMIN, role=Role.ADMIN, lasts=FIRST_ADMIN_MS)


def invite(tx: Tx, *, role: Role) -> str:
    """A token with which one person makes an account of this role, good for a week.

    Raises:
        Invalid: an invitation never makes a moderator or an admin.
    """
    if role > Role.MEMBER:
        raise Invalid("An invitation is for a member or a guest", "role")
    return _link(tx, LinkPurpose.INVITE, role=role, lasts=INVITE_MS)


def reset_link(tx: Tx, *, account_id: int) -> str:
    """A token with which a person sets another password, good for an hour; earlier ones end.

    Raises:
        NotFound: there is no such account.
        Conflict: it is closed.
    """
    account = _existing(tx, account_id)
    if not account.is_active:
        raise Conflict("This account is closed.")
    links.drop_for(tx, account_id, LinkPurpose.RESET)
    return _link(tx, LinkPurpose.RESET, role=account.role, lasts=RESET_MS, account_id=account_id)


def _link(
    tx: Tx, purpose: LinkPurpose, *, role: Role, lasts: int, account_id: int | None = None
) -> str:
    secret = new_secret()
    links.insert_link(
        tx,
        hash_=hashed(secret),
        purpose=purpose,
        role=role,
        expires_at=tx.now + lasts,
        account_id=account_id,
    )
    return secret


def link_for(tx: Tx, *, secret: str, purposes: frozenset[LinkPurpose]) -> LinkRow:
    """What a link is good for, to show its form; it is not used up.

    Raises:
        NotFound: it is not known, used, over, or for something else: nobody can tell which.
    """
    link = links.find(tx, hashed(secret))
    if link is None or link.purpose not in purposes or _is_late_first_admin(tx, link):
        raise NotFound(_LINK_OVER)
    return link


def redeem_link(
    tx: Tx,
    *,
    node: Node,
    secret: str,
    handle: str,
    email: str,
    password_hash: str,
    keys: NewKeys | None,
) -> int:
    """Make the account that a first-admin link or an invitation is for; its id.

    The role is the link's, whatever was sent. If the account cannot be made, the link stays.

    Raises:
        NotFound: the link is not known, used, over, or for something else.
        Invalid, Conflict: as `create_account`.
    """
    tx.lock("admins")
    link = _used(tx, secret, LinkPurpose.FIRST_ADMIN) or _used(tx, secret, LinkPurpose.INVITE)
    if link is None or _is_late_first_admin(tx, link):
        raise NotFound(_LINK_OVER)
    return create_account(
        tx,
        node=node,
        handle=handle,
        email=email,
        password_hash=password_hash,
        role=link.role,
        keys=keys,
    )


def reset_for(tx: Tx, *, secret: str) -> Forgetful:
    """Whose password a reset link changes, to show its form; the link is not used up.

    Raises:
        NotFound: it is not known, used, over, or for something else: nobody can tell which.
    """
    link = link_for(tx, secret=secret, purposes=frozenset({LinkPurpose.RESET}))
    account = accounts.by_id(tx, link.account_id or 0)
    actor = actors.by_id(tx, link.account_id or 0)
    if account is None or actor is None:
        raise NotFound(_LINK_OVER)
    return Forgetful(actor.handle, account.email)


def redeem_reset(tx: Tx, *, secret: str, password_hash: str) -> int:
    """Set another password by a reset link; the account's id.

    Raises:
        NotFound: the link is not known, used, over, or for something else.
    """
    link = _used(tx, secret, LinkPurpose.RESET)
    if link is None or link.account_id is None:
        raise NotFound(_LINK_OVER)
    reset_password(tx, account_id=link.account_id, password_hash=password_hash)
    return link.account_id


def _used(tx: Tx, secret: str, purpose: LinkPurpose) -> LinkRow | None:
    return links.use(tx, hashed(secret), purpose)


def _is_late_first_admin(tx: Tx, link: LinkRow) -> bool:
    """Every link that was printed dies with the first admin; of two at once, one comes second."""
    if link.purpose is not LinkPurpose.FIRST_ADMIN:
        return False
    return accounts.any_admin(tx)
