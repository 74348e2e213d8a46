"""First start: names are written down for good, the helper and the node's own actor are made.

A node's ids hold its origin, and other servers remember them. So origin and handle domain are
written into the database once, and starting with others is refused with the reason (protocol §2).
"""

from dataclasses import dataclass
from typing import Final

from domain.addresses import parse_url
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import APPLICATION_HANDLE, HELPER_HANDLE, Node
from federation.keyring import Keyring, NewKeys
from server.settings import Settings, SettingsError, is_private
from social.accounts import first_admin_link, insert_local_actor
from storage import migrate
from storage.database import run_once
from storage.queries import actors, origins
from storage.queries.ids import new_id
from storage.tx import Tx

ORIGIN: Final = "origin"
HANDLE_DOMAIN: Final = "handle_domain"

_HELPER_NAME: Final = "Tertulia"
_HELPER_BIO: Final = (
    "<p>The helper of this node. It brings you notices. Write “help” to it in a private mention"
    " to see what it can do for you.</p>"
)


@dataclass(frozen=True, slots=True)
class Names:
    """What the database remembers of its first start."""

    origin: str
    handle_domain: str


def prepare_folder(settings: Settings) -> None:
    """Make the data folder, for its owner alone.

    Raises:
        SettingsError: it cannot be made.
    """
    try:
        settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"data: {settings.data} cannot be used ({error.strerror}).") from None


def start(settings: Settings, keyring: Keyring) -> Settings:
    """Everything that must be there before a node serves; the settings with the names that hold.

    Runs on a migrated database, at every start; only the first changes anything.

    Raises:
        SettingsError: the database belongs to another origin or handle domain.
    """
    settled = settle(settings)
    node = settled.node()
    if run_once(settled.database, _is_complete):
        return settled
    keys = {handle: keyring.make() for handle in (HELPER_HANDLE, APPLICATION_HANDLE)}
    run_once(settled.database, prepare, node=node, keys=keys)
    return settled


def settle(settings: Settings) -> Settings:
    """The settings with the names that hold: those remembered, or those to be remembered.

    Raises:
        SettingsError: they contradict each other.
    """
    names = run_once(settings.database, remembered)
    if names is None:
        node = settings.node()
        return settings.settled(origin=node.origin, handle_domain=node.handle_domain)
    _refuse_others(settings, names)
    return settings.settled(origin=names.origin, handle_domain=names.handle_domain)


def remembered(tx: Tx) -> Names | None:
    """The names that were written at first start."""
    origin = origins.fact(tx, ORIGIN)
    domain = origins.fact(tx, HANDLE_DOMAIN)
    return None if origin is None or domain is None else Names(origin, domain)


def _refuse_others(settings: Settings, names: Names) -> None:
    if settings.origin and settings.origin != names.origin:
        raise SettingsError(
            f"origin: this database belongs to {names.origin}, and every id that other servers"
            f" remember says so. It cannot become {settings.origin}; start a new node with an"
            " empty data folder instead."
        )
    if settings.handle_domain and settings.handle_domain != names.handle_domain:
        raise SettingsError(
            f"handle_domain: people here are known as @name@{names.handle_domain}. It cannot"
            f" become {settings.handle_domain}."
        )


def refuse_wrong_door(settings: Settings) -> None:
    """Before listening: a node on this machine answers where its own links lead.

    Raises:
        SettingsError: its links name another port than it would listen on.
    """
    url = parse_url(settings.origin)
    literal = url.address is not None and url.address.is_loopback
    if literal and is_private(url, settings.policy) and url.effective_port != settings.address[1]:
        raise SettingsError(
            f"bind: the links of this node lead to {settings.origin}, but it would listen on"
            f" {settings.bind}. Use --bind {url.host}:{url.effective_port}, or another data folder."
        )


def _is_complete(tx: Tx) -> bool:
    if remembered(tx) is None or actors.local_by_handle(tx, HELPER_HANDLE) is None:
        return False
    here = origins.by_id(tx, HERE)
    return here is not None and here.application_id is not None


def prepare(tx: Tx, *, node: Node, keys: dict[str, NewKeys]) -> None:
    """Write the facts and make the two actors, unless another process did so meanwhile.

    Raises:
        SettingsError: another process did so, with other names.
    """
    tx.lock("first start")
    held = Names(
        origins.write_fact(tx, ORIGIN, node.origin),
        origins.write_fact(tx, HANDLE_DOMAIN, node.handle_domain),
    )
    if held != Names(node.origin, node.handle_domain):
        raise SettingsError(f"origin: this database belongs to {held.origin}.")
    origins.insert_here(tx, node.origin)
    _make_helper(tx, node, keys[HELPER_HANDLE])
    _make_application(tx, node, keys[APPLICATION_HANDLE])


def _make_helper(tx: Tx, node: Node, keys: NewKeys) -> None:
    if actors.local_by_handle(tx, HELPER_HANDLE) is None:
        insert_local_actor(
            tx,
            node=node,
            actor_id=new_id(tx),
            handle=HELPER_HANDLE,
            kind=ActorType.SERVICE,
            keys=keys,
            name=_HELPER_NAME,
            summary=_HELPER_BIO,
            public=True,
        )


def _make_application(tx: Tx, node: Node, keys: NewKeys) -> None:
    known = actors.local_by_handle(tx, APPLICATION_HANDLE)
    actor_id = new_id(tx) if known is None else known.id
    if known is None:
        insert_local_actor(
            tx,
            node=node,
            actor_id=actor_id,
            handle=APPLICATION_HANDLE,
            kind=ActorType.APPLICATION,
            keys=keys,
            name=node.name,
            public=True,
            discoverable=False,
        )
    origins.remember_application(tx, HERE, actor_id)


def welcome_link(settings: Settings) -> str | None:
    """The address that makes the first admin, once, within a day; None once there is one."""
    token = run_once(settings.database, first_admin_link)
    return None if token is None else f"{settings.origin}/welcome/{token}"


def migrated(settings: Settings) -> None:
    """Make sure that the database is at this program's schema; an empty one is filled.

    Raises:
        SchemaMismatch: it must be migrated first.
    """
    if migrate.current(settings.database) is None:
        migrate.upgrade(settings.database)
    migrate.require_current(settings.database)
