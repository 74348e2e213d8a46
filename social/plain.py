"""What members on plain servers write into a community (protocol §5).

They answer relay notes or write to the community privately; their servers address this in many
ways, send it on to whom they like, and make it more public when it is edited. Rules cited are those
of private-groups-observed.md §5. Whoever is no member gets no answer that a stranger would not get.
"""

from collections.abc import Collection, Iterable

from activitypub.parse.activities import Activity
from activitypub.parse.posts import NoteDocument
from domain.audience import Audience
from domain.choices import Hint
from domain.ids import HERE
from domain.kinds import Acceptance, Life, Openness
from domain.node import Node
from domain.openness import may_go_on
from domain.text import fold_tag, to_plain
from outbox import communities as announcing
from social import copies, helper, remote_polls, storing
from social.answers import (
    Heard,
    Outcome,
    answered,
    copy_for,
    everybody,
    hint,
    hint_widened,
    how_open,
    is_for_people,
    named_communities,
    people_addressed,
    place_of_words,
    words_without_mention,
)
from social.notifications import tell_named
from social.plain_reactions import receive_announce, receive_like, receive_undo
from social.remote_changes import is_new
from social.streaming import announce, edited
from social.wording import rewrite
from storage.queries import actors, communities, posts, relay_notes
from storage.queries.ids import id_at
from storage.queries.polls import names_kept
from storage.queries.relay_notes import PlainWordsRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, Tag

__all__ = [
    "Outcome",
    "receive_announce",
    "receive_create",
    "receive_delete",
    "receive_like",
    "receive_undo",
    "receive_update",
]


# Create.


def receive_create(
    tx: Tx,
    *,
    node: Node,
    activity: Activity,
    note: NoteDocument,
    signer: ActorView,
    received_at: int,
) -> Outcome | None:
    """Take words into a community; None if they are not meant for one.

    The caller made sure that the note is the signer's own. Its delivered words are all there will
    ever be: nothing is fetched again (rule 23).
    """
    if signer.is_local:
        return None
    addressed = everybody(activity, note)
    refusal, copy = copy_for(tx, node, note.in_reply_to, signer)
    named = named_communities(tx, node, signer, addressed)
    if refusal is not None or not (copy or named):
        return refusal
    parent = answered(tx, note, signer, copy)
    if copy is not None and parent is None:
        return _too_late(tx, node, signer)
    community = place_of_words(tx, signer, named, parent, copy)
    if isinstance(community, Outcome):
        return community
    settings = communities.by_id(tx, community.id) if community is not None else None
    if community is None or settings is None:
        return None
    heard = Heard(node, note, signer, community, settings, parent, addressed, received_at)
    return _hear(tx, heard)


def _too_late(tx: Tx, node: Node, signer: ActorView) -> Outcome:
    text = "What you answered is not there any more, so your answer was not passed on."
    helper.tell(tx, node=node, person_id=signer.id, text=text)
    return Outcome("what it answers is not there any more")


def _archived(tx: Tx, heard: Heard) -> Outcome:
    text = f"{heard.community.name} is archived: nothing new is written in it."
    helper.tell(tx, node=heard.node, person_id=heard.signer.id, text=text)
    return Outcome("nothing is written in that community any more")


def _hear(tx: Tx, heard: Heard) -> Outcome | None:
    note, signer = heard.note, heard.signer
    known = relay_notes.words_by_uri(tx, note.id)
    if known is not None:
        return Outcome(None if known.actor_id == signer.id else "they are somebody else's words")
    if posts.buried_by(tx, note.id) == signer.uri:
        return Outcome("it was deleted before it arrived")
    if heard.settings.life is Life.ARCHIVED:
        return _archived(tx, heard)
    people = people_addressed(tx, heard)
    openness = how_open(tx, heard, people)
    if heard.parent is None and is_for_people(heard, people):
        text = f"{Hint.NAMED_PEOPLE_ONLY.value}."
        helper.tell(tx, node=heard.node, person_id=signer.id, text=text)
        return None
    return _store(tx, heard, people, openness)


def _store(tx: Tx, heard: Heard, people: Collection[ActorView], openness: Openness) -> Outcome:
    goes_on = may_go_on(openness, takes_wider=heard.settings.takes_wider)
    words = words_without_mention(heard.community, heard.note)
    if not (words.title or to_plain(words.content) or heard.note.attachments):
        return Outcome("it says nothing")
    named = _named(tx, heard, people)
    acceptance = Acceptance.ACCEPTED if goes_on else Acceptance.REFUSED
    for _ in range(3):  # an id made from a past moment may be taken
        row = _row(tx, heard, acceptance)
        if storing.store(tx, row, named=named, tags=_tags(heard.note)):
            break
    else:
        return Outcome("it could not be stored")
    remote_polls.take(tx, row, heard.note.poll)
    relay_notes.put_words(tx, PlainWordsRow(heard.note.id, row.id, heard.signer.id, openness))
    hint(tx, heard, openness, goes_on=goes_on)
    if not goes_on:
        return Outcome("held: others than the community may read it")
    _pass_on(tx, heard, row)
    to_tell = {row.reply_to_author_id} if row.reply_to_author_id is not None else set()
    tell_named(tx, row, named | to_tell)
    return Outcome()


def _pass_on(tx: Tx, heard: Heard, row: PostRow) -> None:
    """Show it here, and to members elsewhere."""
    node, community = heard.node, heard.community
    wrapper = storing.wrap(tx, row, community=community, uri=None, announced_at=tx.now, node=node)
    if copies.take(tx, row=row, attachments=heard.note.attachments):
        copies.pass_on_later(tx, row=row, wrapper_id=wrapper)
        return
    announcing.took_in(tx, node=node, community=community, subject_post=row, wrapper_id=wrapper)


def _row(tx: Tx, heard: Heard, acceptance: Acceptance) -> PostRow:
    """The words as a post of this node: the server where they were written shows them to nobody."""
    note, parent, signer = heard.note, heard.parent, heard.signer
    said_at = min(note.published or heard.received_at, tx.now)
    created_at = max(said_at, parent.created_at + 1) if parent else said_at
    identifier = id_at(tx, created_at)
    pair = _pair(heard)
    root_pair = parent.root_audience if parent else pair
    words = words_without_mention(heard.community, note)
    return PostRow(
        id=identifier,
        uri=heard.node.post(identifier),
        url=heard.node.post_page(signer.acct, identifier),
        origin_id=HERE,
        author_id=signer.id,
        type=note.type,
        place_id=heard.community.id,
        share_of_id=None,
        kind=pair.kind,
        owner_id=pair.owner,
        root_id=parent.root_id if parent else identifier,
        root_kind=root_pair.kind,
        root_owner_id=root_pair.owner,
        root_author_id=parent.root_author_id if parent else signer.id,
        quiet=False,
        reply_to_id=parent.id if parent else None,
        reply_to_uri=None,
        reply_to_author_id=parent.author_id if parent else None,
        content=words.content,
        source=None,
        summary=words.summary,
        sensitive=words.sensitive,
        language=note.language,
        app_id=None,
        created_at=created_at,
        stored_at=tx.now,
        edited_at=None,
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
        acceptance=acceptance,
        title=words.title,
        emojis=words.emojis,
    )


def _pair(heard: Heard) -> Audience:
    return heard.parent.root_audience if heard.parent else Audience.community(heard.community.id)


def _tags(note: NoteDocument) -> list[Tag]:
    return [Tag(fold_tag(tag.name), tag.name) for tag in note.hashtags]


def _named(tx: Tx, heard: Heard, people: Iterable[ActorView]) -> set[int]:
    """Members whom the words name. Nobody gains a right by being named."""
    tagged = {each.href for each in heard.note.mentions}
    return {
        actor.id
        for actor in people
        if tagged & {actor.uri, actor.url}
        and communities.is_member(tx, heard.community.id, actor.id)
    }


# Update and Delete.


def receive_update(
    tx: Tx,
    *,
    node: Node,
    activity: Activity,
    note: NoteDocument,
    signer: ActorView,
    received_at: int,
) -> Outcome | None:
    """Change what a member's words say; None if they are nothing that a community has.

    They are judged anew: a server may make an answer public by its edit (rule 15).
    """
    known = relay_notes.words_by_uri(tx, note.id)
    row = posts.by_id(tx, known.post_id) if known is not None else None
    if known is None or row is None or row.place_id is None:
        return None
    if known.actor_id != signer.id or row.deleted_at is not None:
        return Outcome("no words of theirs by that id")
    community = actors.by_id(tx, row.place_id)
    settings = communities.by_id(tx, row.place_id)
    if community is None or settings is None:
        return Outcome("no such community")
    if not relay_notes.is_plain_member(tx, community.id, signer.id):
        return Outcome("no member of that community")
    parent = posts.by_id(tx, row.reply_to_id) if row.reply_to_id is not None else None
    addressed = everybody(activity, note)
    heard = Heard(node, note, signer, community, settings, parent, addressed, received_at)
    return _change(tx, heard, known, row)


def _change(tx: Tx, heard: Heard, known: PlainWordsRow, row: PostRow) -> Outcome:
    openness = how_open(tx, heard, people_addressed(tx, heard))
    if openness > known.openness:
        hint_widened(tx, heard, openness)
        return Outcome("the edit made it wider than it was")
    goes_on = may_go_on(openness, takes_wider=heard.settings.takes_wider)
    if row.is_accepted and not goes_on:
        return Outcome("held: others than the community may read it")
    if not _edit(tx, heard, row):
        return Outcome("nothing new")
    relay_notes.put_words(tx, PlainWordsRow(known.uri, row.id, known.actor_id, openness))
    if not goes_on:
        return Outcome("held: others than the community may read it")
    _pass_change_on(tx, heard, row)
    return Outcome()


def _pass_change_on(tx: Tx, heard: Heard, row: PostRow) -> None:
    """To everybody who has it; what was held until now goes its way for the first time."""
    if not row.is_accepted:
        storing.accept(tx, row)
    now = posts.by_id(tx, row.id)
    if now is None:
        return
    if not row.is_accepted:
        _pass_on(tx, heard, now)
        return
    announce(tx, edited(row.id))
    if copies.take(tx, row=now, attachments=heard.note.attachments):
        copies.pass_on_later(tx, row=now, wrapper_id=None)
        return
    announcing.took_in(tx, node=heard.node, community=heard.community, subject_post=now)


def _edit(tx: Tx, heard: Heard, row: PostRow) -> bool:
    note = heard.note
    edited_at = min(note.updated or heard.received_at, tx.now)
    if edited_at <= (row.edited_at or row.created_at):
        if note.updated is not None and row.edited_at is not None:
            return False  # an older version that came late
        edited_at = (row.edited_at or row.created_at) + 1
    words = words_without_mention(heard.community, note)
    asked = names_kept(tx, row.id)
    news = remote_polls.refresh(tx, row, note)
    if not (is_new(row, words) or news is remote_polls.News.ANSWERS):
        return False
    changed = rewrite(tx, row, words, note.language, at=edited_at, asked=asked)
    posts.set_tags(tx, row, _tags(note))
    return changed


def receive_delete(tx: Tx, *, node: Node, uri: str, signer: ActorView) -> Outcome | None:
    """Take a member's words back, by their id and signer alone (rule 16); None if none are meant.

    Who has left may do so too: they are her words.
    """
    known = relay_notes.words_by_uri(tx, uri)
    if known is None or known.actor_id != signer.id:
        return None
    row = posts.by_id(tx, known.post_id)
    posts.bury(tx, uri, signer.uri)
    if row is None or row.deleted_at is not None:
        return Outcome()
    storing.remove(tx, row)
    community = actors.by_id(tx, row.place_id) if row.place_id is not None else None
    gone = posts.by_id(tx, row.id)
    if community is not None and gone is not None and row.is_accepted:
        announcing.took_in(tx, node=node, community=community, subject_post=gone)
    return Outcome()
