"""What their authors' servers say of posts of theirs that are here: changed, deleted.

The caller made sure that `signer` signed what is said, or that the document came from its own
server. What is refused is refused without a trace: the sender has its 202 either way.
"""

from activitypub.parse.posts import NoteDocument
from domain.audience import Kind
from domain.node import Node
from social import copies, quoted, remote_polls, storing
from social.notifications import tell_named, tell_sharers
from social.remote_polls import News
from social.remote_posts import is_authors_own, spoken_by, who_belongs
from social.streaming import announce, edited
from social.wording import Words, rewrite, tags_of, words_for
from storage.queries import actors, polls, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow


def update_remote_post(
    tx: Tx, *, node: Node, note: NoteDocument, signer: ActorView, received_at: int | None = None
) -> bool:
    """Change what a known post says; False if it is not the signer's, or nothing is new.

    Only its recorded author changes a post (O04), and never who may read it (O09): addresses of
    the Update are not looked at, and nobody gains by being named in it.
    """
    row = posts.by_uri(tx, note.id)
    if row is None or row.author_id != signer.id or row.share_of_id is not None:
        return False
    if row.deleted_at is not None or not is_authors_own(node, note, signer):
        return False
    remote_polls.hold(tx, row)
    quotes_anew = quoted.heard(tx, node=node, note=note, row=row, author=signer)
    asked = polls.names_kept(tx, row.id)
    news = _news_of_poll(tx, row, note)
    edited_at = min(note.updated or received_at or tx.now, tx.now)
    if edited_at <= (row.edited_at or row.created_at):
        edited_at = (row.edited_at or row.created_at) + 1
        if note.updated is not None and row.edited_at is not None:
            return quotes_anew or news is not News.NONE  # an older version that came late, or none
    words = words_for(note)
    differs = is_new(row, words) or copies.differ(tx, row, note.attachments)
    if not (differs or news is News.ANSWERS):
        return quotes_anew or news is not News.NONE  # figures and consent are no edit
    copies.take(tx, row=row, attachments=note.attachments)
    _store_update(tx, note, row, words, edited_at=edited_at, asked=asked)
    return True


def _news_of_poll(tx: Tx, row: PostRow, note: NoteDocument) -> News:
    """What it says of the post's poll, unless it is older than what is known."""
    known = row.edited_at or 0
    is_late = note.updated is not None and note.updated < known
    return News.NONE if is_late else remote_polls.refresh(tx, row, note)


def is_new(row: PostRow, words: Words) -> bool:
    """Whether these are other words than the post has."""
    return words != Words(row.content, row.title, row.summary, row.sensitive, row.emojis)


def _store_update(
    tx: Tx,
    note: NoteDocument,
    row: PostRow,
    words: Words,
    *,
    edited_at: int,
    asked: str | None,
) -> None:
    rewrite(tx, row, words, note.language, at=edited_at, asked=asked)
    place = actors.by_id(tx, row.place_id) if row.kind is Kind.COMMUNITY and row.place_id else None
    people = who_belongs(tx, actors.by_uris(tx, [each.href for each in note.mentions]), place)
    before = posts.named_in(tx, row.id)
    spoken = spoken_by(note, people, row, before.keys())
    posts.add_mentions(tx, row.id, spoken - before.keys())
    posts.respeak(tx, row.id, spoken)
    posts.set_tags(tx, row, tags_of(note))
    new = spoken - before.keys()
    tell_named(tx, row, [actor.id for actor in people if actor.id in new])
    tell_sharers(tx, row)
    announce(tx, edited(row.id))


def delete_remote_post(tx: Tx, *, node: Node, uri: str, by_uri: str) -> bool:  # noqa: ARG001
    """Make a post or share unreadable, by its id and its author alone; whether there was one.

    Remembered even if it is not here: a Create that comes later is ignored.
    """
    row = posts.by_uri(tx, uri)
    if row is None:
        posts.bury(tx, uri, by_uri)
        return False
    author = actors.by_id(tx, row.author_id)
    if row.is_local or author is None or author.uri != by_uri:
        return False
    posts.bury(tx, uri, by_uri)
    storing.remove(tx, row)
    return True
