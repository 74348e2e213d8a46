"""Relay notes: a community's posts for its members on plain servers (protocol §5, fan-out B).

Such servers share an Announce of somebody else's private words too widely or not at all. So each
member gets a note of the community's own, for that member alone, at the personal inbox; what real
servers did with other shapes is in private-groups-observed.md, whose rules are cited below.

Nobody but the community becomes known by them: an author is named as one names people in a letter.
"""

import secrets
from typing import Final, Literal

import orjson
from msgspec import Struct

from activitypub.render import relay as render
from activitypub.render.polls import question
from activitypub.render.posts import words
from activitypub.render.relay import Relayed
from activitypub.vocabulary import JsonDict
from domain.kinds import Relay
from domain.node import Node
from federation.policy import may_exchange
from outbox.fan_out import DELIVERIES
from outbox.sharing import everybody, shared_origins
from storage.audience import readers_among
from storage.queries import (
    actors,
    communities,
    deliveries,
    files,
    plain_servers,
    polls,
    posts,
    relay_notes,
)
from storage.queries.activities import insert_activity
from storage.queries.deliveries import Inbox
from storage.queries.disclosures import disclose
from storage.queries.files import FileRow
from storage.queries.ids import new_id
from storage.queries.polls import Poll
from storage.queries.relay_notes import (
    EVERYBODY_THERE,
    Byline,
    PlainWordsRow,
    Recipient,
    RelayNoteRow,
)
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

What = Literal["create", "update", "delete"]

#: Two notes to one member never say the same second: not every server orders those (rule 7).
APART_MS: Final = 1_000
_TOKEN_BYTES: Final = 24
_LONGEST_NAME: Final = 200
_SOMEBODY: Final = "Somebody"


class _Spoken(Struct, frozen=True):
    """A post in a community of this node, with what is the same in all its notes.

    `relay`: how the community tells of its posts. `answered`: who is answered, `parent_words` what
    a plain server has of that as its own author's.
    """

    node: Node
    community: ActorView
    row: PostRow
    relay: Relay
    takes_wider: bool
    byline: str
    answered: str
    parent_words: PlainWordsRow | None
    page: str
    pictures: int
    files: tuple[FileRow, ...]
    poll: Poll | None


def _spoken(tx: Tx, node: Node, community: ActorView, row: PostRow) -> _Spoken:
    settings = communities.by_id(tx, community.id)
    parent_id, answered_id = row.reply_to_id, row.reply_to_author_id
    return _Spoken(
        node,
        community,
        row,
        relay=settings.relay if settings is not None else Relay.DIRECT,
        takes_wider=settings is not None and settings.takes_wider,
        byline=_byline(tx, community.id, row.author_id),
        answered=_byline(tx, community.id, answered_id) if answered_id is not None else "",
        parent_words=relay_notes.words_of_post(tx, parent_id) if parent_id is not None else None,
        page=node.post_link(row.id),
        pictures=relay_notes.pictures(tx, row.id),
        files=_files(tx, row.id) if settings is not None and settings.relays_pictures else (),
        poll=polls.of_post(tx, row.id),
    )


def _files(tx: Tx, post_id: int) -> tuple[FileRow, ...]:
    return tuple(file for file in files.of_post(tx, post_id) if file.is_here and file.is_picture)


def relay(tx: Tx, *, node: Node, community: ActorView, post_id: int, what: What) -> int:
    """Tell members on plain servers that a post was written, changed or deleted; how many notes.

    Doing it again sends nothing twice. A change reaches those who have the post and may still read
    it; a deletion reaches everybody who has it.
    """
    row = posts.by_id(tx, post_id)
    if row is None or not row.is_accepted or row.share_of_id is not None:
        return 0
    if what == "delete":
        return _delete_all(tx, node, community, row)
    if row.deleted_at is not None:
        return 0
    tx.lock(f"relay {post_id}")
    spoken = _spoken(tx, node, community, row)
    return _create_all(tx, spoken) if what == "create" else _update_all(tx, spoken)


def withdraw(tx: Tx, *, node: Node, community_id: int, actor_id: int) -> int:
    """Ask the server of somebody who left to delete every note of a community; how many.

    The right is not asked: it has ended. What is still queued is dropped by the sender (rule 27).
    What all members there share is deleted with the last of them: until then the end of the
    relation is what hides it.
    """
    community, person = actors.by_id(tx, community_id), actors.by_id(tx, actor_id)
    if community is None or person is None:
        return 0
    found = relay_notes.live_of_member(tx, community_id, actor_id)
    left = {one.actor_id for one in communities.members_at(tx, community_id, person.origin_id)}
    if not left - {actor_id}:
        shared = relay_notes.shared_at(tx, community_id, person.origin_id)
        found += [each for each in shared if each.is_live]
    return sum(_delete(tx, node, community, each) for each in found)


def reissue(tx: Tx, *, node: Node, note: RelayNoteRow) -> RelayNoteRow | None:
    """Take a note back whose id got about, and send others in its place (rule 19); one of them.

    Each for one member, also if it was for all. None if it was taken back before, or the post is
    nothing that they may read any more.
    """
    community, row = actors.by_id(tx, note.community_id), posts.by_id(tx, note.post_id)
    if community is None or not _delete(tx, node, community, note):
        return None
    if row is None or row.deleted_at is not None:
        return None
    spoken = _spoken(tx, node, community, row)
    theirs = [one for one in _admitted(tx, spoken) if _is_for(note, one)]
    sent = [_create(tx, spoken, one) for one in theirs]
    return sent[0] if sent else None


def _is_for(note: RelayNoteRow, one: Recipient) -> bool:
    return one.origin_id == note.origin_id if note.is_shared else one.actor_id == note.actor_id


def document(tx: Tx, *, node: Node, note: RelayNoteRow) -> JsonDict | None:
    """A note as it reads now, for its recipient; nothing if there is none any more."""
    community, row = actors.by_id(tx, note.community_id), posts.by_id(tx, note.post_id)
    if not note.is_live or community is None:
        return None
    to = _addressee(tx, community, note)
    if row is None or row.deleted_at is not None or to is None:
        return None
    spoken = _spoken(tx, node, community, row)
    return render.note(_relayed(tx, spoken, to, note))


def _create_all(tx: Tx, spoken: _Spoken) -> int:
    live = relay_notes.live_of_post(tx, spoken.row.id)
    admitted = _admitted(tx, spoken)
    new = [one for one in admitted if not any(_is_for(note, one) for note in live)]
    at = {note.origin_id for note in live}
    sharing = _sharing(tx, spoken, new) - at
    shared = {one.origin_id: everybody(spoken.community, one) for one in new}
    targets = [shared[origin_id] for origin_id in sorted(sharing)]
    targets += [one for one in new if one.origin_id not in sharing]
    _lock(tx, {to.origin_id for to in targets})
    for to in targets:
        _create(tx, spoken, to)
    return len(targets)


def _lock(tx: Tx, origin_ids: set[int]) -> None:
    for origin_id in sorted(origin_ids):  # in one order for everybody: nobody waits in a circle
        tx.lock(f"relay to {origin_id}")


def _sharing(tx: Tx, spoken: _Spoken, entitled: list[Recipient]) -> set[int]:
    if spoken.relay is not Relay.TIMELINE:
        return set()
    author_id = spoken.row.author_id
    return shared_origins(tx, spoken.community.id, entitled, author_id=author_id)


def _addressee(tx: Tx, community: ActorView, note: RelayNoteRow) -> Recipient | None:
    """Whom a note is for, members or not: it may have to be taken back from them."""
    if not note.is_shared:
        return relay_notes.recipients(tx, [note.actor_id]).get(note.actor_id)
    known = plain_servers.standings_there(tx, community.id, note.origin_id)
    found = relay_notes.recipients(tx, known).values()
    return next((everybody(community, one) for one in found if one.shared_inbox), None)


def _update_all(tx: Tx, spoken: _Spoken) -> int:
    live = relay_notes.live_of_post(tx, spoken.row.id)
    entitled = _admitted(tx, spoken)
    sharing = _sharing(tx, spoken, entitled)
    done = 0
    _lock(tx, {note.origin_id for note in live if note.is_shared})
    for note in live:
        theirs = [one for one in entitled if _is_for(note, one)]
        if note.is_shared and note.origin_id not in sharing and theirs:
            # Somebody else would see it there by now, so each gets a note of their own.
            done += reissue(tx, node=spoken.node, note=note) is not None
        elif theirs:
            to = everybody(spoken.community, theirs[0]) if note.is_shared else theirs[0]
            _update(tx, spoken, to, note)
            done += 1
    return done


def _update(tx: Tx, spoken: _Spoken, to: Recipient, note: RelayNoteRow) -> None:
    activity_id = new_id(tx)
    item = _relayed(tx, spoken, to, note)
    body = render.update(spoken.node.activity(activity_id), item)
    _send(tx, spoken.community, to, activity_id, body, post_id=spoken.row.id)


def _delete_all(tx: Tx, node: Node, community: ActorView, row: PostRow) -> int:
    found = relay_notes.live_of_post(tx, row.id)
    return sum(_delete(tx, node, community, each) for each in found)


def _entitled(tx: Tx, spoken: _Spoken) -> list[Recipient]:
    """Plain members who may read the post; not its author, and nobody in a block with them."""
    row = spoken.row
    found = relay_notes.plain_members(tx, spoken.community.id, author_id=row.author_id)
    others = [one for one in found if one.actor_id != row.author_id]
    readers = readers_among(tx, row.id, [one.actor_id for one in others]) if others else set()
    return [one for one in others if one.actor_id in readers]


def _admitted(tx: Tx, spoken: _Spoken) -> list[Recipient]:
    found = _entitled(tx, spoken)
    hosts = {_inbox(one).host for one in found}
    admitted = {host for host in hosts if may_exchange(tx, spoken.node, host)}
    return [one for one in found if _inbox(one).host in admitted]


def _create(tx: Tx, spoken: _Spoken, to: Recipient) -> RelayNoteRow:
    _lock(tx, {to.origin_id})
    last = relay_notes.last_published(tx, to.actor_id, to.origin_id)
    note = RelayNoteRow(
        id=new_id(tx),
        token=secrets.token_urlsafe(_TOKEN_BYTES),  # never the same again (rule 2)
        community_id=spoken.community.id,
        post_id=spoken.row.id,
        actor_id=to.actor_id,
        origin_id=to.origin_id,
        relay=_manner(spoken, to),
        published_at=max(tx.now, last + APART_MS),
        retired_at=None,
    )
    relay_notes.insert_note(tx, note)
    activity_id = new_id(tx)
    item = _relayed(tx, spoken, to, note)
    body = render.create(spoken.node.activity(activity_id), item)
    _send(tx, spoken.community, to, activity_id, body, post_id=spoken.row.id)
    return note


def _manner(spoken: _Spoken, to: Recipient) -> Relay:
    if spoken.relay is Relay.NOTIFY:
        return Relay.NOTIFY
    return Relay.TIMELINE if to.actor_id == EVERYBODY_THERE else Relay.DIRECT


def _delete(tx: Tx, node: Node, community: ActorView, note: RelayNoteRow) -> bool:
    if not relay_notes.retire(tx, note.id):
        return False
    to = _addressee(tx, community, note)
    if to is not None:
        activity_id = new_id(tx)
        body = render.delete(
            node.activity(activity_id),
            group_uri=community.uri,
            note_uri=node.relay_note(note.token),
            recipient_uri=to.uri,
        )
        _send(tx, community, to, activity_id, body)
    return True


def _send(
    tx: Tx,
    community: ActorView,
    to: Recipient,
    activity_id: int,
    body: JsonDict,
    *,
    post_id: int | None = None,
) -> None:
    """Queue one document for one person, at the personal inbox (rule 7).

    With a post it goes only while that person may read it; without one it takes something back,
    and goes whatever ended.
    """
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=str(body["id"]),
        actor_id=community.id,
        post_id=post_id,
        body=orjson.dumps(body),
        community_id=None if post_id is None else community.id,
        recipient_id=None if post_id is None else to.actor_id,
    )
    inboxes = [(new_id(tx), _inbox(to))]
    deliveries.insert_deliveries(tx, activity_id, inboxes, subject=community.uri)
    disclose(tx, [community.id], [to.origin_id])
    tx.publish(DELIVERIES)


def _inbox(to: Recipient) -> Inbox:
    return Inbox(to.inbox, to.origin_id, to.origin, to.actor_id)


def _relayed(tx: Tx, spoken: _Spoken, to: Recipient, note: RelayNoteRow) -> Relayed:
    """A note never says more than it did when it was sent, whatever the community chose since."""
    community, row = spoken.community, spoken.row
    whole = Relay.NOTIFY not in {spoken.relay, note.relay}
    parent = _parent(tx, spoken, to)
    attached = [] if note.is_shared or not whole else _attached(spoken, to)
    return Relayed(
        uri=spoken.node.relay_note(note.token),
        group_uri=community.uri,
        group_acct=f"{community.handle}@{community.domain}",
        group_name=(community.name or community.handle)[:_LONGEST_NAME],
        recipient_uri=to.uri,
        recipient_acct=None if note.is_shared else f"{to.handle}@{to.domain}",
        takes_wider=spoken.takes_wider,
        byline=spoken.byline if whole else _SOMEBODY,
        answered=_answered(spoken, to, knows=parent is not None and whole),
        words=words(row) if whole else None,
        summary=row.summary if whole else "",
        sensitive=row.sensitive and whole,
        page=spoken.page,
        pictures=spoken.pictures - len(attached) if whole else 0,
        attached=attached,
        poll=question(spoken.poll) if whole and spoken.poll is not None else None,
        in_reply_to=parent,
        published_at=note.published_at,
        written_at=row.created_at,
        edited_at=row.edited_at,
    )


def _attached(spoken: _Spoken, to: Recipient) -> list[JsonDict]:
    """Pictures at addresses that are this member's alone, and die with the right (rule 10)."""
    return [render.picture(file, spoken.node.media(file.id, to.actor_id)) for file in spoken.files]


def _answered(spoken: _Spoken, to: Recipient, *, knows: bool) -> str | None:
    """Who is answered, as far as this member knows of that; None: nobody is."""
    if spoken.row.reply_to_author_id is None:
        return None
    if spoken.row.reply_to_author_id == to.actor_id:
        return "you"
    return spoken.answered if knows else ""


def _parent(tx: Tx, spoken: _Spoken, to: Recipient) -> str | None:
    """What the note answers, where its recipient has it: own words, or an own copy (rule 6)."""
    own, parent_id = spoken.parent_words, spoken.row.reply_to_id
    if parent_id is None:
        return None
    if own is not None and own.actor_id == to.actor_id:
        return own.uri
    copy = relay_notes.live_copy(tx, parent_id, to.actor_id, to.origin_id)
    return None if copy is None else spoken.node.relay_note(copy.token)


def _byline(tx: Tx, community_id: int, author_id: int) -> str:
    """`Cy (Acme)`, as the community's card says; without one, the name and the server."""
    card = relay_notes.bylines(tx, community_id, [author_id]).get(author_id)
    if card is None:
        author = actors.by_id(tx, author_id)
        card = Byline(author.name or author.handle, author.domain) if author else None
    if card is None:
        return _SOMEBODY
    home = f" ({card.home[:_LONGEST_NAME]})" if card.home else ""
    return f"{card.name[:_LONGEST_NAME]}{home}"
