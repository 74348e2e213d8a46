"""Actors of other servers: found by id or handle, checked both ways, kept fresh.

An id is believed if its own origin serves it; a handle if WebFinger (RFC 7033) at the handle's
domain leads to the id and the id's server names the handle. The two domains may differ.
"""

from typing import Final
from urllib.parse import quote

import orjson
from msgspec import Struct

from activitypub.capabilities import COMMUNITIES, RFC9421
from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.actors import ActorDocument, parse_actor
from domain.addresses import BadUrl, canonical_authority, parse_url
from domain.handles import Acct, fold, parse_acct
from domain.kinds import ActorType, KeyType, Limit, SignatureScheme
from federation.fetcher import CannotFetch, Fetcher, is_activity_type
from federation.host_meta import webfinger_elsewhere
from federation.key_material import UnacceptableKeyError, load_multikey, load_public_key
from storage.queries import actors, keys, limits, looked_up, origins
from storage.queries.actors import ActorRecord
from storage.queries.keys import StatedKey
from storage.tx import Tx
from storage.views.actors import ActorView

#: Milliseconds after which an actor is asked for again when somebody needs it.
STALE_MS: Final = 24 * 3600 * 1000
#: Milliseconds between two attempts to refresh the same actor.
PAUSE_MS: Final = 5 * 60 * 1000

#: How NodeInfo names the actor of the server itself (FEP-2677).
APPLICATION_REL: Final = "https://www.w3.org/ns/activitystreams#Application"

#: A person may become a bot and back (Mastodon's switch); nothing else changes what it is.
_CHANGEABLE: Final = frozenset({ActorType.PERSON, ActorType.SERVICE})


class Confirmed(Struct, frozen=True):
    """An actor's document and the domain that its handle was confirmed for."""

    document: ActorDocument
    domain: str


async def find_actor(fetcher: Fetcher, uri: str) -> ActorView:
    """The actor with this id, fetched if it is unknown or older than a day.

    An old one that cannot be refreshed is better than none. Raises CannotFetch.
    """
    known, due = await fetcher.db.read(_known, uri)
    if known is not None and not due:
        return known
    if known is not None and not await fetcher.db.write(keys.may_ask, _pause(uri), PAUSE_MS):
        return known
    try:
        return await fetch_actor(fetcher, uri)
    except CannotFetch:
        if known is None:
            raise
        return known


async def fetch_actor(fetcher: Fetcher, uri: str) -> ActorView:
    """The actor with this id as its server describes it now, stored. Raises CannotFetch."""
    return await accept_actor(fetcher, await actor_document(fetcher, uri))


async def actor_document(fetcher: Fetcher, uri: str) -> ActorDocument:
    """What its server says about the actor with this id, stored nowhere. Raises CannotFetch."""
    found = await fetcher.document(uri)
    try:
        return parse_actor(found.body)
    except MalformedDocument as problem:
        raise CannotFetch(problem.reason) from None


async def accept_actor(fetcher: Fetcher, document: ActorDocument) -> ActorView:
    """Store what an actor's own server said about it, once its handle is confirmed.

    Raises CannotFetch as `confirm_actor` does.
    """
    return await fetcher.db.write(store_actor, await confirm_actor(fetcher, document))


async def confirm_actor(fetcher: Fetcher, document: ActorDocument) -> Confirmed:
    """Confirm an actor's handle, ready to be stored.

    The document comes from `fetcher.document` or out of an activity that the actor itself signed.
    Raises CannotFetch if the handle cannot be confirmed or the actor changed what it is (O08).
    """
    known, _ = await fetcher.db.read(_known, document.id)
    refuse_change(known, document)
    return Confirmed(document, await _domain(fetcher, known, document))


async def recheck_handle(fetcher: Fetcher, actor: ActorView) -> None:
    """Ask WebFinger once more under which domain an actor is called so, and remember it.

    Nothing changes if it cannot be asked, or leads to somebody else: a handle that was once
    confirmed stays until its actor has another one.
    """
    try:
        domain = await _confirmed(fetcher, Acct(actor.handle, _authority(actor.domain)), actor.uri)
    except CannotFetch:
        return
    if domain != actor.domain:
        await fetcher.db.write(looked_up.set_domain, actor.id, domain)


async def find_handle(fetcher: Fetcher, handle: str, domain: str) -> ActorView | None:
    """Who is `@handle@domain`: asked by WebFinger, then confirmed by the actor's own server.

    None if the domain says that there is nobody. Raises CannotFetch if it cannot be asked.
    """
    authority = _authority(domain)
    if authority is None:
        return None
    if authority in {fetcher.node.handle_domain, parse_url(fetcher.node.origin).authority}:
        return await fetcher.db.read(actors.local_by_handle, handle)
    try:
        uri, _ = await _ask(fetcher, Acct(handle, authority))
    except CannotFetch as problem:
        if problem.gone:
            return None
        raise
    actor = await find_actor(fetcher, uri)
    return actor if fold(actor.handle) == fold(handle) else None


async def find_application(fetcher: Fetcher, authority: str) -> ActorView:
    """The actor that speaks for the node at `host[:port]`, as its NodeInfo names it (FEP-2677).

    It is remembered as that. Raises CannotFetch: there is none, or it lives elsewhere.
    """
    actor = await find_actor(fetcher, await _application_uri(fetcher, authority))
    if actor.type is not ActorType.APPLICATION or parse_url(actor.uri).authority != authority:
        raise CannotFetch("the actor named by NodeInfo does not speak for that server")
    await fetcher.db.write(origins.remember_application, actor.origin_id, actor.id)
    return actor


async def _application_uri(fetcher: Fetcher, authority: str) -> str:
    problem = CannotFetch("the domain is not one")
    for scheme in _schemes(fetcher):
        try:
            jrd = await fetcher.jrd(f"{scheme}://{authority}/.well-known/nodeinfo")
        except CannotFetch as refused:
            problem = refused
            continue
        links = jrd.get("links")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("rel") == APPLICATION_REL:
                return str(link.get("href"))
        raise CannotFetch("NodeInfo names no actor that speaks for that server")
    raise problem


def store_actor(tx: Tx, confirmed: Confirmed) -> ActorView:
    """Write an actor and its keys. Raises CannotFetch if the stored actor is another kind."""
    document = confirmed.document
    known = actors.by_uri(tx, document.id)
    if known is not None:
        limits.hold(tx, known.id)
        known = actors.by_id(tx, known.id)
    if known is not None and not known.is_hearsay:
        refuse_change(known, document)
    actor_id = actors.upsert_remote_actor(tx, _record(tx, confirmed))
    keys.replace_stated_keys(tx, actor_id, _usable_keys(document))
    _learn(tx, document)
    _hide_or_show(tx, known, actor_id, suspended=document.suspended)
    found = actors.by_id(tx, actor_id)
    if found is None:
        raise LookupError("the actor was just stored")
    return found


def _learn(tx: Tx, document: ActorDocument) -> None:
    """How to knock first at a server of which only its own word is known (FEP-844e)."""
    origin = origins.by_origin(tx, parse_url(document.id).origin)
    if origin is None or origin.scheme is not SignatureScheme.UNKNOWN:
        return
    if COMMUNITIES in document.implements:
        origins.remember_scheme(tx, origin.id, SignatureScheme.OURS)
    elif RFC9421 in document.implements:
        origins.remember_scheme(tx, origin.id, SignatureScheme.RFC9421)


def _hide_or_show(tx: Tx, known: ActorView | None, actor_id: int, *, suspended: bool) -> None:
    """Follow an actor's own server, which hides it or shows it again (Mastodon's `suspended`).

    What a moderator here decided stays as it is.
    """
    limited = known.limited if known is not None else Limit.NONE
    if suspended and limited < Limit.SUSPENDED:
        limits.set_limit(tx, actor_id, Limit.WITHDRAWN)
        limits.withhold(tx, actor_id)
    elif not suspended and limited is Limit.WITHDRAWN:
        limits.set_limit(tx, actor_id, limits.decided(tx, actor_id))
        limits.release(tx, actor_id)


def refuse_change(known: ActorView | None, document: ActorDocument) -> None:
    """Raise CannotFetch if a known actor became another kind of actor (O08)."""
    if known is None or known.type is document.type:
        return
    if known.is_local or not {known.type, document.type} <= _CHANGEABLE:
        raise CannotFetch("an actor does not change what it is")


def _known(tx: Tx, uri: str) -> tuple[ActorView | None, bool]:
    """An actor, and whether it is time to ask for it again. Our own never need asking.

    What a community's card says of somebody is nothing that we know of them.
    """
    found = actors.by_uri(tx, uri)
    if found is not None and found.is_hearsay:
        return None, True
    due = found is not None and not found.is_local and tx.now - found.fetched_at > STALE_MS
    return found, due


def _pause(uri: str) -> str:
    return f"refresh {uri}"


def _record(tx: Tx, confirmed: Confirmed) -> ActorRecord:
    document = confirmed.document
    return ActorRecord(
        origin_id=origins.origin_id(tx, parse_url(document.id).origin),
        uri=document.id,
        type=document.type,
        handle=document.handle,
        domain=confirmed.domain,
        name=document.name,
        url=document.url or document.id,
        inbox=document.inbox,
        summary=document.summary,
        fields=orjson.dumps(document.fields),
        avatar=document.avatar,
        header=document.header,
        shared_inbox=document.shared_inbox,
        outbox=document.outbox,
        followers=document.followers,
        following=document.following,
        locked=document.locked,
        discoverable=document.discoverable,
        indexable=document.indexable,
        moved_to=document.moved_to,
        also_known_as=orjson.dumps(document.also_known_as),
        created_at=min(document.published or tx.now, tx.now),
        featured=document.featured,
        emojis=document.emojis,
        avatar_text=document.avatar_text,
        header_text=document.header_text,
    )


def _usable_keys(document: ActorDocument) -> list[StatedKey]:
    """The listed keys that we would ever accept a signature of (S20)."""
    usable: list[StatedKey] = []
    for key in document.keys:
        load = load_public_key if key.type is KeyType.RSA else load_multikey
        try:
            load(key.public)
        except UnacceptableKeyError:
            continue
        usable.append(StatedKey(key.id, key.type, key.public))
    return usable


async def _domain(fetcher: Fetcher, known: ActorView | None, document: ActorDocument) -> str:
    """What stands after the @ of this actor's handle."""
    if known is not None and known.handle == document.handle:
        return known.domain
    host = parse_url(document.id).authority
    if document.type is ActorType.APPLICATION:
        return host  # speaks for its server, is never shown, and often has no WebFinger
    claimed = parse_acct(document.webfinger) if document.webfinger else None
    if claimed is not None and fold(claimed.name) == fold(document.handle) and claimed.host:
        host = claimed.host
    return await _confirmed(fetcher, Acct(document.handle, _authority(host)), document.id)


async def _confirmed(fetcher: Fetcher, asked: Acct, uri: str) -> str:
    """The domain whose WebFinger leads from the handle to `uri`; it may name another domain."""
    leads_to, subject = await _ask(fetcher, asked)
    if leads_to != uri or fold(subject.name) != fold(asked.name) or asked.host is None:
        raise CannotFetch("the handle does not lead back to the actor")
    if subject.host is None or subject.host == asked.host:
        return asked.host
    if not await fetcher.policy.may_exchange(subject.host):
        return asked.host  # its own server vouches for this one; we may not ask the other
    if await _ask(fetcher, subject) != (uri, subject):
        raise CannotFetch("the handle's domain does not lead back to the actor")
    return subject.host


async def _ask(fetcher: Fetcher, acct: Acct) -> tuple[str, Acct]:
    """Where WebFinger leads from a handle, and the handle that it says is the right one."""
    problem = CannotFetch("the domain is not one")
    for scheme in _schemes(fetcher):
        url = f"{scheme}://{acct.host}/.well-known/webfinger?resource={quote(f'acct:{acct}')}"
        try:
            return _read_jrd(await fetcher.jrd(url), acct)
        except CannotFetch as refused:
            if refused.gone:
                return await _ask_elsewhere(fetcher, f"{scheme}://{acct.host}", acct, refused)
            problem = refused
    raise problem


async def _ask_elsewhere(
    fetcher: Fetcher, origin: str, acct: Acct, said: CannotFetch
) -> tuple[str, Acct]:
    """The same where the domain's host-meta leads (RFC 6415); else what was said before holds."""
    try:
        return _read_jrd(await webfinger_elsewhere(fetcher, origin, acct), acct)
    except CannotFetch:
        raise said from None


def _schemes(fetcher: Fetcher) -> tuple[str, ...]:
    """https; a node that itself runs on plain http (development) tries that first."""
    return ("http", "https") if fetcher.node.origin.startswith("http:") else ("https",)


def _read_jrd(jrd: JsonObject, asked: Acct) -> tuple[str, Acct]:
    subject = jrd.get("subject")
    named = parse_acct(subject) if isinstance(subject, str) else None
    right = asked if named is None or named.host is None else named
    if right.host is not None:
        right = Acct(right.name, _authority(right.host))
    links = jrd.get("links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "self" and _is_actor_link(link):
            href = link.get("href")
            if isinstance(href, str):
                return href, right
    raise CannotFetch("WebFinger names no actor")


def _is_actor_link(link: JsonObject) -> bool:
    kind = link.get("type")
    return isinstance(kind, str) and is_activity_type(kind)


def _authority(domain: str) -> str | None:
    try:
        return canonical_authority(domain)
    except BadUrl:
        return None
