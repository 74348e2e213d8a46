"""Threads made whole: what is answered and what answers, fetched from the servers where it lies.

Asked for when somebody here opens a thread that reaches other servers, or when an answer came whose
thread was not here: never for a stranger. The thread's own collection (FEP-7888, FEP-f228) and the
collections of answers (FEP-7458) only say which posts there may be; each post is fetched from its
own server, and belongs to the thread if what it answers does. What a collection claims connects
nothing.

Everything has an end (D08, D09): posts, pages, posts of one server, seconds, and a pause until the
same thread is asked for again. What could not be had is told to the reader.
"""

import asyncio
from collections import Counter, deque
from typing import Final

import structlog
from msgspec import Struct
from msgspec.structs import replace

from activitypub.json import PUBLIC, MalformedDocument
from activitypub.parse.collections import parse_collection
from activitypub.parse.fields import origin_of
from activitypub.parse.posts import NoteDocument
from domain.audience import Kind
from domain.ids import HERE
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import enqueue
from social.ancestors import fetch_ancestors, read_post, store_fetched
from social.backfill import read_thread
from social.vouching import NotBelieved, our_member
from storage.queries import actors, origins, posts, threads
from storage.queries.threads import Asked
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

log = structlog.get_logger("social")

COMPLETE: Final = "complete_thread"
"""The kind of job that makes a thread whole; its payload is the id of its first post here."""

#: Milliseconds between two askings for one thread.
AGAIN_MS: Final = 15 * 60 * 1000
#: Posts of a thread whose collections are read: the first ones.
SOURCES: Final = 40
#: How long a thread is remembered that nobody opens.
REMEMBERED_MS: Final = 30 * 24 * 3600 * 1000


class Budget(Struct, frozen=True):
    """What one asking may cost. After so many `troubles` a server is not asked any more."""

    posts: int = 200
    pages: int = 60
    of_one_server: int = 120
    troubles: int = 3
    seconds: float = 30.0


class Gaps(Struct, frozen=True):
    """What a reader should know of a thread. `root_id`: under what it is asked for.

    `parent`: what its first post answers is not here. `answers`: some could not be had.
    `is_running`: it is being asked for. `is_due`: it may be asked for. `found`: posts that came.
    """

    root_id: int
    parent: bool = False
    answers: bool = False
    is_running: bool = False
    is_due: bool = False
    found: int = 0

    def begun(self) -> "Gaps":
        """The same, now that it is being asked for."""
        return replace(self, is_running=True, is_due=False, found=0)

    def at_rest(self) -> "Gaps":
        """The same for whom it is not asked for."""
        return replace(self, is_running=False)

    @property
    def is_any(self) -> bool:
        """Whether there is something to tell."""
        return self.parent or self.answers or self.is_running


def gaps(tx: Tx, post_id: int) -> Gaps:
    """What is missing in the thread of a post that its reader may read."""
    row = posts.by_id(tx, post_id)
    root = row if row is None or row.root_id == row.id else posts.by_id(tx, row.root_id)
    if root is None:
        return Gaps(post_id)
    parent = root.reply_to_uri is not None
    before = threads.asked(tx, root.id)
    if before is None:
        return Gaps(root.id, parent, is_due=_could_be_asked(tx, root))
    return Gaps(
        root.id,
        parent,
        answers=before.missing,
        is_running=before.is_running and not _is_stuck(tx, before),
        is_due=before.asked_at < tx.now - AGAIN_MS and _could_be_asked(tx, root),
        found=before.found,
    )


def _is_stuck(tx: Tx, before: Asked) -> bool:
    """Whether its job ended without a word: what nobody does is not under way."""
    return before.asked_at < tx.now - AGAIN_MS


def want_thread(tx: Tx, root_id: int) -> bool:
    """Ask for what a thread misses, unless that was done a short while ago."""
    root = posts.by_id(tx, root_id)
    if root is None or not _could_be_asked(tx, root):
        return False
    if not threads.begin(tx, root.id, again_ms=AGAIN_MS):
        return False
    return enqueue(tx, COMPLETE, root.id, unique=f"{COMPLETE} {root.id}")


def want_thread_of(tx: Tx, uri: str) -> bool:
    """The same for the thread of a post that was just fetched because it was answered.

    A thread that had no beginning within the budget is left until somebody opens it.
    """
    row = posts.by_uri(tx, uri)
    root = posts.by_id(tx, row.root_id) if row is not None else None
    return root is not None and root.reply_to_uri is None and want_thread(tx, root.id)


def want_gap_filled(tx: Tx, uri: str) -> bool:
    """The same where a community announced an answer to what is not here."""
    row = posts.by_uri(tx, uri)
    is_gap = row is not None and row.kind is Kind.COMMUNITY and row.reply_to_uri is not None
    return row is not None and is_gap and want_thread(tx, row.root_id)


def _could_be_asked(tx: Tx, root: PostRow) -> bool:
    """Whether somebody of ours may ask for it, and there is somebody to ask."""
    if root.deleted_at is not None:
        return False
    if root.kind is Kind.COMMUNITY:
        return _held_elsewhere(tx, root) is not None
    if not _is_ours_to_ask(tx, root):
        return False
    return root.reply_to_uri is not None or bool(threads.sources(tx, root.id, 1))


def _is_ours_to_ask(tx: Tx, root: PostRow) -> bool:
    """For what anybody may read; and a sister's, for her network. Communities tell themselves."""
    if root.is_world_public:
        return True
    network = root.kind is Kind.NETWORK and root.root_kind is Kind.NETWORK
    return network and root.owner_id != HERE and origins.is_sister(tx, root.owner_id)


def _held_elsewhere(tx: Tx, root: PostRow) -> tuple[ActorView, str] | None:
    """The community on another node in which a thread is held, and what it calls the thread."""
    place = actors.by_id(tx, root.place_id) if root.place_id is not None else None
    told = root.context_uri
    if place is None or place.is_local or told is None or "#" in told:
        return None
    return (place, told) if origin_of(told) == origin_of(place.uri) else None


class Completed(Struct, frozen=True):
    """What came of an asking."""

    found: int
    missing: bool


async def complete_thread(
    fetcher: Fetcher, *, root_id: int, budget: Budget | None = None
) -> Completed:
    """Fetch what a thread misses, first upwards, then what answers. Running it again is no harm."""
    root = await fetcher.db.read(posts.by_id, root_id)
    if root is not None and root.kind is Kind.COMMUNITY:
        return await _complete_in_community(fetcher, root)
    if root is None or not await fetcher.db.read(_is_ours_to_ask, root):
        return Completed(0, missing=False)
    above = 0
    if root.reply_to_uri is not None:
        above = await fetch_ancestors(fetcher, uri=root.reply_to_uri)
        moved = await fetcher.db.read(posts.by_id, root_id)
        if moved is not None and moved.root_id != root_id:
            root = await fetcher.db.read(posts.by_id, moved.root_id) or root
    crawl = _Crawl(fetcher, root, budget or Budget())
    await crawl.run()
    done = Completed(crawl.found + above, missing=crawl.missing)
    await fetcher.db.write(_ended, {root_id, root.id}, done)
    return done


def _ended(tx: Tx, root_ids: set[int], done: Completed) -> None:
    """What came of it, also under the beginning that was found."""
    for root_id in sorted(root_ids):
        threads.begin(tx, root_id, again_ms=0)
        threads.end(tx, root_id, missing=done.missing, found=done.found)


async def _complete_in_community(fetcher: Fetcher, root: PostRow) -> Completed:
    """The same where members alone read: its host is asked, as a member, and nobody else."""
    held = await fetcher.db.read(_held_elsewhere, root)
    found, missing = 0, True
    if held is not None:
        community, thread = held
        try:
            member_id = await our_member(fetcher, community)
            found = await read_thread(
                fetcher, community=community, actor_id=member_id, thread=thread
            )
            missing = False
        except (CannotFetch, MalformedDocument, NotBelieved) as problem:
            log.info("a thread could not be read up", thread=root.id, reason=problem.reason)
    await fetcher.db.write(threads.end, root.id, missing=missing, found=found)
    return Completed(found, missing=missing)


class _Crawl:
    """One asking, from collection to collection, until there is nothing new or no budget."""

    def __init__(self, fetcher: Fetcher, root: PostRow, budget: Budget) -> None:
        self.found = 0
        self.missing = False
        self._fetcher = fetcher
        self._root = root
        self._budget = budget
        self._end = asyncio.get_running_loop().time() + budget.seconds
        self._posts = budget.posts
        self._pages = budget.pages
        self._asked: Counter[str] = Counter()
        self._trouble: Counter[str] = Counter()
        self._collections: deque[str] = deque()
        self._seen: set[str] = {root.uri}
        self._waiting: dict[str, list[tuple[NoteDocument, ActorView]]] = {}

    async def run(self) -> None:
        for uri in await self._fetcher.db.read(_sources, self._root):
            self._queue(uri)
        while (self._collections or self._parents()) and self._is_time():
            if self._collections:
                await self._read(self._collections.popleft())
            else:
                await self._look(self._parents()[0])
        if self._collections or self._waiting:
            self.missing = True

    def _parents(self) -> list[str]:
        """What nobody listed, though something that was listed answers it."""
        return [uri for uri in self._waiting if uri not in self._seen]

    def _is_time(self) -> bool:
        return asyncio.get_running_loop().time() < self._end

    def _queue(self, uri: str | None) -> None:
        if uri is None or uri in self._seen or origin_of(uri) == self._fetcher.node.origin:
            return
        self._seen.add(uri)
        self._collections.append(uri)

    async def _read(self, uri: str) -> None:
        """One collection or page: its posts, then its next page."""
        if self._pages <= 0:
            self.missing = True
            return
        self._pages -= 1
        try:
            found = await self._fetcher.document(uri)
            part = parse_collection(found.body)
        except CannotFetch as problem:
            self._could_not(uri, problem)
            return
        except MalformedDocument:
            self.missing = True
            return
        if found.url != uri or not part.is_whole:
            self.missing = True
        for item in part.items:
            await self._look(item)
        for page in part.following:
            if origin_of(page) == origin_of(uri):
                self._queue(page)

    async def _look(self, uri: str) -> None:
        """A post that might belong to the thread."""
        if await self._is_old(uri) or "#" in uri:
            return
        if origin_of(uri) == self._fetcher.node.origin:
            return
        if not self._may_ask(uri):
            self.missing = True
            return
        try:
            note, author = await read_post(self._fetcher, uri)
        except CannotFetch as problem:
            self._could_not(uri, problem)
            return
        if note.id != uri and await self._is_old(note.id):
            return
        if _is_for_us(note, self._root):
            await self._place(note, author)

    async def _is_old(self, uri: str) -> bool:
        """Whether a post was looked at in this asking, or is here."""
        if uri in self._seen:
            return True
        self._seen.add(uri)
        return await self._fetcher.db.read(_is_known, uri)

    def _could_not(self, uri: str, problem: CannotFetch) -> None:
        """What is gone is not missing; a server in trouble is not asked over and over."""
        self.missing = self.missing or not problem.gone
        self._trouble[origin_of(uri)] += problem.later

    def _may_ask(self, uri: str) -> bool:
        """Count a post against the budget."""
        origin = origin_of(uri)
        if self._posts <= 0 or self._asked[origin] >= self._budget.of_one_server:
            return False
        if self._trouble[origin] >= self._budget.troubles:
            return False
        self._posts -= 1
        self._asked[origin] += 1
        return self._is_time()

    async def _place(self, note: NoteDocument, author: ActorView) -> None:
        """Store an answer whose parent is in the thread, with those that waited for it."""
        if note.in_reply_to is None:
            return
        parent = await self._fetcher.db.read(posts.by_uri, note.in_reply_to)
        if parent is None:
            self._waiting.setdefault(note.in_reply_to, []).append((note, author))
            return
        if parent.root_id != self._root.id:
            return
        ready = deque([(note, author)])
        while ready:
            one, by = ready.popleft()
            if await store_fetched(self._fetcher, one, by) is None:
                continue
            self.found += 1
            self._queue(one.replies)
            ready.extend(self._waiting.pop(one.id, ()))


def _is_known(tx: Tx, uri: str) -> bool:
    return posts.by_uri(tx, uri) is not None or posts.buried_by(tx, uri) is not None


def _is_for_us(note: NoteDocument, root: PostRow) -> bool:
    """Whether it is meant for anybody; in a sister's thread also what her network may read."""
    return PUBLIC in note.addressees or root.kind is Kind.NETWORK


def _sources(tx: Tx, root: PostRow) -> list[str]:
    """The collections to begin with: the thread's own, then those of answers, the oldest first.

    The thread's is asked of its first post's server, or of the community in which it is held;
    nobody else's word makes us ask anybody.
    """
    place = actors.by_id(tx, root.place_id) if root.place_id is not None else None
    owners = {origin_of(root.uri), *([origin_of(place.uri)] if place is not None else [])}
    known = threads.sources(tx, root.id, SOURCES)
    contexts = [one.context_uri for one in known if one.context_uri is not None]
    owned = [uri for uri in contexts if "#" not in uri and origin_of(uri) in owners]
    answers = [one.replies_uri for one in known if one.replies_uri is not None]
    return list(dict.fromkeys([*owned[:2], *answers]))
