"""Finding people and posts: among what the viewer may see, and by asking other servers.

Whatever another server says is stored first and then looked up as the viewer: finding something
gives nobody the right to see it. A guest asks no other server: outside communities, nobody else
exists for guests (protocol §1).
"""

import asyncio
import re
from typing import Final

from msgspec import Struct

from activitypub.json import MalformedDocument
from activitypub.parse.actors import is_actor, parse_actor
from domain.addresses import BadUrl, parse_url
from domain.audience import Viewer
from domain.errors import NotFound
from domain.handles import Acct, parse_acct
from domain.ids import LARGEST
from domain.node import Node
from domain.text import fold_tag, hashtags
from domain.words import Question, question
from federation.discovery import accept_actor, find_handle
from federation.fetcher import CannotFetch, Fetcher
from social.ancestors import find_post
from storage.database import Database
from storage.errors import StorageError
from storage.queries import actors, follows, posts
from storage.tx import Tx
from storage.views import found_posts, found_tags, people
from storage.views.actors import ActorView
from storage.views.posts import PostView, load, visible

RESOLVE_SECONDS: Final = 5.0
LONGEST: Final = 2_000
"""Characters of a question that are looked at."""

_OWN_POST: Final = re.compile(r"/(?:o|@[^/]+)/([0-9]{1,19})")
_OWN_PERSON: Final = re.compile(r"/(?:a/([0-9]{1,19})|@([^/]+))")
_under_way: Final[set[asyncio.Task[str | None]]] = set()


class Found(Struct, frozen=True):
    """What a search brought."""

    people: list[ActorView] = []
    posts: list[PostView] = []

    def __bool__(self) -> bool:
        return bool(self.people or self.posts)


def search(
    tx: Tx,
    viewer: Viewer,
    q: str,
    *,
    limit: int = 20,
    offset: int = 0,
    followed: bool = False,
) -> list[ActorView]:
    """People here or known here whose handle or name fits; for guests themselves and the helper.

    A full handle finds exactly whom it names.
    """
    text = q.strip()[:LONGEST]
    acct = parse_acct(text)
    if acct is not None and acct.host is not None:
        exact = [] if offset else _exactly(tx, viewer, acct)
        return whom_one_follows(tx, viewer, exact) if followed else exact
    typed = text.removeprefix("@")
    return people.search(tx, viewer, typed, limit=limit, offset=offset, followed=followed)


def _exactly(tx: Tx, viewer: Viewer, acct: Acct) -> list[ActorView]:
    try:
        return [people.by_acct(tx, viewer, acct.name, acct.host or "")]
    except NotFound:
        return []


def whom_one_follows(tx: Tx, viewer: Viewer, found: list[ActorView]) -> list[ActorView]:
    """Those of these people who have accepted the viewer."""
    return [actor for actor in found if follows.is_following(tx, viewer.actor, actor.id)]


class Narrowed(Struct, frozen=True):
    """Which of the posts that were found: of one author (0: anybody), and between two ids."""

    author_id: int = 0
    max_id: int | None = None
    min_id: int | None = None
    limit: int = 20
    offset: int = 0


_ALL: Final = Narrowed()


def saying(
    tx: Tx, viewer: Viewer, q: str, *, node: Node, narrowed: Narrowed = _ALL
) -> list[PostView]:
    """Posts that the viewer may read and in which the words stand, the newest first.

    `domain.words.question` says what may be typed. Of an author whom the viewer does not know
    nothing is found.
    """
    asked = question(q[:LONGEST])
    author_id = _author_of(tx, viewer, node, asked)
    if author_id is None or (author_id and narrowed.author_id not in {0, author_id}):
        return []
    found = found_posts.search(
        tx,
        viewer,
        asked,
        author_id=author_id or narrowed.author_id,
        limit=narrowed.limit,
        offset=narrowed.offset,
        max_id=narrowed.max_id,
        min_id=narrowed.min_id,
    )
    return load(tx, found, viewer)


def _author_of(tx: Tx, viewer: Viewer, node: Node, asked: Question) -> int | None:
    """Whose posts alone are asked for: 0 anybody's, None somebody's who is not there."""
    if asked.author is None:
        return 0
    if not isinstance(asked.author, Acct):
        return viewer.actor or None
    domain = asked.author.host or node.handle_domain
    try:
        return people.by_acct(tx, viewer, asked.author.name, domain).id
    except NotFound:
        return None


def tags(tx: Tx, viewer: Viewer, q: str, *, limit: int, offset: int = 0) -> list[str]:
    """Tags (folded) that begin so among what the viewer may read; first the one that was typed.

    That one is found whether or not anybody uses it.
    """
    text = q.strip()
    typed = text.removeprefix("#")
    if not typed or " " in typed or hashtags(f"#{typed}") != [typed]:
        return []
    exact = fold_tag(typed)
    # One more than asked for: the exact one stands first, wherever the page begins.
    begun = found_tags.search(tx, viewer, exact, limit=limit + offset + 1)
    found = [exact, *(tag for tag in begun if tag != exact)]
    return found[offset : offset + limit]


async def resolve(db: Database, fetcher: Fetcher, *, viewer: Viewer, q: str) -> Found:
    """What `@name@host[:port]` or an address means: known here, or asked of its server.

    Within about five seconds; what comes later is kept and found the next time. Unknown, not
    reachable and not for this viewer are all the same: nothing.
    """
    text = q.strip()[:LONGEST]
    if not is_name(text):
        return Found()
    found = await db.read(known, node=fetcher.node, viewer=viewer, text=text)
    if found or not viewer.full or _is_ours(fetcher.node, text):
        return found
    task = asyncio.ensure_future(_ask(fetcher, text))
    _under_way.add(task)  # a task that nobody holds may be collected before it ends
    task.add_done_callback(_under_way.discard)
    # Not cancelled when the time is over: it may be storing what it found.
    done, _ = await asyncio.wait([task], timeout=RESOLVE_SECONDS)
    uri = task.result() if done else None
    return Found() if uri is None else await db.read(_by_uri, viewer=viewer, uri=uri)


def known(tx: Tx, *, node: Node, viewer: Viewer, text: str) -> Found:
    """What a full handle or an address means among what is stored and the viewer may see."""
    acct = _handle(text)
    try:
        if acct is not None:
            domain = acct.host or node.handle_domain
            return Found(people=[people.by_acct(tx, viewer, acct.name, domain)])
        return _at_address(tx, node, viewer, text)
    except NotFound:
        return Found()


def _at_address(tx: Tx, node: Node, viewer: Viewer, url: str) -> Found:
    if _is_ours(node, url):
        return _ours(tx, viewer, parse_url(url).path)
    return _by_uri(tx, viewer=viewer, uri=url)


def _by_uri(tx: Tx, *, viewer: Viewer, uri: str) -> Found:
    row, actor = posts.by_uri(tx, uri), actors.by_uri(tx, uri)
    try:
        if row is not None:
            return Found(posts=[visible(tx, row.id, viewer)])
        if actor is not None:
            return Found(people=[people.person(tx, viewer, actor.id)])
    except NotFound:
        pass
    return Found()


def _ours(tx: Tx, viewer: Viewer, path: str) -> Found:
    """One of our own pages or ids, as a person copies it from a browser."""
    post = _OWN_POST.fullmatch(path)
    if post is not None:
        return Found(posts=[visible(tx, _number(post[1]), viewer)])
    person = _OWN_PERSON.fullmatch(path)
    if person is None:
        return Found()
    local = actors.local_by_handle(tx, person[2]) if person[2] else None
    identifier = local.id if local is not None else _number(person[1])
    return Found(people=[people.person(tx, viewer, identifier)])


def _number(digits: str | None) -> int:
    """An id that somebody typed; 0, which nothing has, if no id is so large."""
    typed = int(digits or 0)
    return typed if typed <= LARGEST else 0


async def _ask(fetcher: Fetcher, text: str) -> str | None:
    """Store what another server says, and give its id; None if it says nothing usable."""
    acct = _handle(text)
    try:
        if acct is None:
            return await _fetch(fetcher, text)
        actor = await find_handle(fetcher, acct.name, acct.host or "")
    except (CannotFetch, MalformedDocument, StorageError):
        return None
    return None if actor is None else actor.uri


async def _fetch(fetcher: Fetcher, url: str) -> str | None:
    document = await fetcher.document(url)
    if is_actor(document.body):
        return (await accept_actor(fetcher, parse_actor(document.body))).uri
    post = await find_post(fetcher, document.url)
    return None if post is None else post.uri


def is_name(text: str) -> bool:
    """Whether this may be a full handle or an address: what `known` and `resolve` understand."""
    if "://" not in text:
        return _handle(text) is not None
    try:
        parse_url(text)
    except BadUrl:
        return False
    return True


def _handle(text: str) -> Acct | None:
    """A full handle, or one with an @ before it: a bare word is a search, not a name."""
    acct = parse_acct(text) if "://" not in text else None
    return acct if acct is not None and (acct.host is not None or text.startswith("@")) else None


def _is_ours(node: Node, text: str) -> bool:
    acct = _handle(text)
    if acct is not None:
        own = {None, node.handle_domain, parse_url(node.origin).authority}
        return acct.host in own
    return parse_url(text).origin == node.origin
