"""Whose key is it: from a key id to the actor whose own document lists that key (S13, S14).

A key document says who owns it, and that is only a claim. A key is usable when the actor's
document, fetched from the actor's own origin, lists the key's id. A key that does not verify is
asked for once more, because keys rotate; no key more than once in five minutes (S19), and what
could not be had rests as long (S24).
"""

from typing import Final

from activitypub.json import JsonObject, MalformedDocument
from activitypub.parse.actors import ActorDocument, is_actor, parse_actor, parse_key
from activitypub.parse.fields import origin_of
from domain.addresses import parse_url
from federation.discovery import accept_actor, actor_document
from federation.fetcher import CannotFetch, Fetcher
from storage.queries import keys
from storage.queries.keys import KeyHolder

#: Milliseconds between two fetches of the same key.
PAUSE_MS: Final = 5 * 60 * 1000


async def known_key(fetcher: Fetcher, key_id: str) -> KeyHolder | None:
    """The stored key with this id and its actor; asked of the database every two seconds."""
    recent = fetcher.recent_keys.get(key_id)
    if recent is not None:
        return recent
    stored = await fetcher.db.read(keys.holder, key_id)
    return None if stored is None else fetcher.recent_keys.put(key_id, stored)


async def new_key(fetcher: Fetcher, key_id: str) -> KeyHolder:
    """A key that we have not seen before, with its actor. Raises CannotFetch.

    A success does not count against the pause: the first rotation is noticed at once.
    """
    if await fetcher.db.read(keys.rests, key_id):
        raise CannotFetch("the key could not be had a short while ago")
    try:
        owner = await _owner(fetcher.for_keys, key_id)
        if not any(key.id == key_id for key in owner.keys):
            raise CannotFetch("the actor's document does not list the key")
        return await _stored(fetcher, key_id, owner)
    except CannotFetch:
        await fetcher.db.write(keys.let_rest, key_id, PAUSE_MS)
        raise


async def refetched_key(fetcher: Fetcher, known: KeyHolder) -> KeyHolder | None:
    """The key as it is now, if it changed; None if not, or if it may not or cannot be asked for.

    Nothing is stored if nothing changed: a bad signature leaves no trace.
    """
    key_id = known.key.uri
    if not await fetcher.db.write(keys.may_ask, key_id, PAUSE_MS):
        return None
    try:
        owner = await _owner(fetcher.for_keys, key_id)
        stated = {key.id: key.public for key in owner.keys}
        if owner.id != known.actor.uri or stated.get(key_id) == known.key.public:
            return None
        return await _stored(fetcher, key_id, owner)
    except CannotFetch:
        return None


async def _stored(fetcher: Fetcher, key_id: str, owner: ActorDocument) -> KeyHolder:
    """The key, once the actor was stored with the keys that its document lists."""
    actor = await accept_actor(fetcher.for_keys, owner)
    fetcher.recent_keys.forget(key_id)
    found = await fetcher.db.read(keys.holder, key_id)
    if found is None or found.actor.id != actor.id:
        raise CannotFetch("the actor's key is not one that we accept")
    return fetcher.recent_keys.put(key_id, found)


async def _owner(fetcher: Fetcher, key_id: str) -> ActorDocument:
    """What the actor that a key's document leads to says about itself."""
    found = await fetcher.document(str(parse_url(key_id).without_fragment()))
    try:
        if is_actor(found.body):
            return parse_actor(found.body)
        return await actor_document(fetcher, _claimed_owner(found.body, key_id))
    except MalformedDocument as problem:
        raise CannotFetch(problem.reason) from None


def _claimed_owner(document: JsonObject, key_id: str) -> str:
    """The owner that a key's own document names, if it could be one."""
    key = parse_key(document)
    if key.id != key_id:
        raise CannotFetch("the document is not that key")
    if origin_of(key.owner) != origin_of(key_id):
        raise CannotFetch("a key lies on its owner's origin")
    return key.owner
