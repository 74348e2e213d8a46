"""What an open community of ours passes on to its followers on all kinds of servers (FEP-1b12).

Announce of the very activity; a post that begins a thread also as Announce of the post, which is
all that servers for short posts understand (federation.md §3.1). Nothing but what anybody may read
is passed on, and `bto` and `bcc` are nobody's business.
"""

from typing import Any, Final

import msgspec
import orjson

from activitypub.json import JsonObject
from activitypub.render import groups
from activitypub.vocabulary import JsonDict
from domain.audience import Kind
from domain.node import Node
from federation.keyring import Keyring
from federation.policy import may_exchange
from jobs.queue import Job
from outbox.fan_out import DELIVERIES, proven_by
from outbox.open_communities import Passed
from storage.database import Database
from storage.queries import actors, deliveries, posts, proven, wrappers
from storage.queries.activities import activity, insert_activity, set_body
from storage.queries.deliveries import Inbox
from storage.queries.disclosures import disclose
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

_HIDDEN: Final = ("bto", "bcc")


class OpenAnnouncer:
    """The job handler; holds what the closures need."""

    def __init__(self, db: Database, node: Node, keyring: Keyring) -> None:
        self._db = db
        self._node = node
        self._keyring = keyring

    async def __call__(self, job: Job) -> None:
        """Queue the deliveries of one Announce. Running it twice changes nothing."""
        passed = msgspec.convert(job.payload, Passed)
        inner = await self._inner(passed)
        if inner is not None:
            await self._db.write(announce, node=self._node, passed=passed, inner=inner)

    async def _inner(self, passed: Passed) -> JsonObject | None:
        """What is passed on. Ours gets its proof before the write: there is one writer."""
        if passed.body:
            return without_hidden(orjson.loads(passed.body))
        stored = await self._db.read(activity, activity_id=passed.activity)
        if stored is None:
            return None
        return await proven_by(self._db, self._keyring, stored[0], orjson.loads(stored[2]))


def without_hidden(document: JsonObject) -> JsonObject:
    """The same without `bto` and `bcc`, at any depth: who is named there is nobody's business."""
    if not any(name in orjson.dumps(document).decode() for name in _HIDDEN):
        return document
    found: JsonObject = _cleaned(document)
    return found


def _cleaned(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, dict):
        return {name: _cleaned(one) for name, one in value.items() if name not in _HIDDEN}
    return value


def announce(tx: Tx, *, node: Node, passed: Passed, inner: JsonObject) -> int:
    """Write an Announce with its deliveries; how many inboxes it goes to."""
    community = actors.by_id(tx, passed.community)
    kind = str(inner["type"])
    row = posts.by_id(tx, passed.post) if passed.post else None
    if community is None or community.gone_at is not None:
        return 0
    if passed.post and (row is None or not _may_go(row, kind)):
        return 0
    announce_id = _announce_id(tx, passed, kind, row)
    if activity(tx, announce_id) is not None:
        return 0  # done before
    if passed.activity:
        set_body(tx, passed.activity, orjson.dumps(inner))
    sending = _Sending(tx, node, community, row)
    if kind == "Delete" and row is not None:
        if row.deleted_at is not None:  # else a steward took it out, and may put it back
            proven.forget(tx, row.id)
        sending.take_away(row)
    elif row is not None:
        _keep_words(tx, kind, row.id, inner)
    sending.announce(announce_id, inner)
    if kind in {"Create", "Undo"} and row is not None:
        sending.show(row)
    return len(sending.inboxes)


def _may_go(row: PostRow, kind: str) -> bool:
    """Never wider, and nothing that was taken back, but that it was."""
    if row.kind is not Kind.PUBLIC or row.root_kind is not Kind.PUBLIC:
        return False
    return kind == "Delete" or (row.deleted_at is None and row.is_accepted)


def _announce_id(tx: Tx, passed: Passed, kind: str, row: PostRow | None) -> int:
    """An answer goes as one Announce: it has the wrapper's id, as the wrapper has its."""
    if kind == "Create" and row is not None and not _begins(row):
        wrapper = posts.share_of(tx, row.id, passed.community)
        if wrapper is not None:
            return wrapper.id
    return passed.announce


def _begins(row: PostRow) -> bool:
    return row.reply_to_id is None and row.reply_to_uri is None


def _keep_words(tx: Tx, kind: str, post_id: int, inner: JsonObject) -> None:
    """The newest words, for the community's outbox."""
    if kind == "Create" and proven.body_of(tx, post_id) is not None:
        return
    if kind in {"Create", "Update"}:
        proven.keep(tx, post_id, orjson.dumps(inner))


class _Sending:
    """To everybody who follows a community, within one unit of work."""

    def __init__(self, tx: Tx, node: Node, community: ActorView, row: PostRow | None) -> None:
        self._tx = tx
        self._node = node
        self._community = community
        self._row = row
        self.inboxes = _inboxes(tx, node, community.id)
        origins = {inbox.origin_id for inbox in self.inboxes}
        authors = [row.author_id] if row is not None and row.is_local else []
        disclose(tx, [community.id, *authors], sorted(origins))
        if row is not None and row.is_local and row.deleted_at is None:
            deliveries.remember_copies(tx, row.id, self.inboxes)

    def announce(self, activity_id: int, inner: JsonObject) -> None:
        """Announce an activity, unchanged."""
        uri = self._node.activity(activity_id)
        document = groups.announced(uri, self._community, inner, self._tx.now)
        about = None if inner["type"] == "Delete" else self._row
        self._send(activity_id, document, about)

    def show(self, row: PostRow) -> None:
        """Announce a post that begins a thread by its id; its wrapper's id is the Announce's."""
        wrapper = posts.share_of(self._tx, row.id, self._community.id)
        if wrapper is None or not _begins(row) or activity(self._tx, wrapper.id) is not None:
            return
        document = groups.announced(wrapper.uri, self._community, row.uri, wrapper.created_at)
        self._send(wrapper.id, document, row)

    def take_away(self, row: PostRow) -> None:
        """Undo of that: servers for short posts know of nothing else that ends it."""
        wrapper_id = wrappers.last_of(self._tx, row.id, self._community.id)
        shown = activity(self._tx, wrapper_id) if wrapper_id is not None else None
        document = orjson.loads(shown[2]) if shown is not None else {}
        if not isinstance(document.get("object"), str):
            return
        undo_id = new_id(self._tx)
        undo = groups.announced_no_more(self._node.activity(undo_id), document)
        self._send(undo_id, undo, None)

    def _send(self, activity_id: int, document: JsonDict, about: PostRow | None) -> None:
        insert_activity(
            self._tx,
            activity_id=activity_id,
            uri=str(document["id"]),
            actor_id=self._community.id,
            post_id=about.id if about is not None else None,
            body=orjson.dumps(document),
        )
        numbered = [(new_id(self._tx), inbox) for inbox in self.inboxes]
        deliveries.insert_deliveries(self._tx, activity_id, numbered, subject=self._community.uri)
        if self.inboxes:
            self._tx.publish(DELIVERIES)


def _inboxes(tx: Tx, node: Node, community_id: int) -> list[Inbox]:
    found = deliveries.inboxes_of_followers(tx, community_id)
    distinct = {inbox.address: inbox for inbox in found}
    return [inbox for inbox in distinct.values() if may_exchange(tx, node, inbox.host)]
