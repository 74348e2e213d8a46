"""What a community elsewhere took in, done here (protocol §5). `social/vouching` has checked it.

Every order and repetition of the same announcements settles to the same state: a post is made by
its Create or by an Update that overtook it, an older version only adds to its history, what was
deleted first never becomes readable, and likes stand if they were heard and never taken back.
Nothing here touches a post of another place, whoever announces it.
"""

from typing import Any, Final

from msgspec.structs import replace

from activitypub.parse.fields import origin_of
from activitypub.parse.polls import PollDocument
from activitypub.parse.posts import NoteDocument
from activitypub.vocabulary import COPY
from domain.audience import Audience
from domain.kinds import Acceptance
from domain.node import Node
from social import announced_likes, cards, copies, helper, quoted, remote_polls, storing
from social.announced_likes import is_in
from social.notifications import tell_named
from social.reactions import drop_like
from social.remote_changes import is_new
from social.streaming import announce, edited
from social.threads import adopt
from social.vouching import LIKES, WORDS, Heard
from social.wording import Words, rewrite, tags_of, words_of
from storage.queries import activities, actors, communities, figures, likes, posts, threads
from storage.queries import heard as ledger
from storage.queries.ids import id_at
from storage.queries.polls import names_kept
from storage.queries.versions import add_version
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow

NOT_OURS: Final = "what our own people do is known here"
OVERTAKEN_MS: Final = 10 * 60 * 1000
"""For so long the Announce of what was read up may be on its way."""


def take(tx: Tx, *, node: Node, heard: Heard) -> str | None:
    """Do what was announced; the reason if it had no effect. Doing it again changes nothing."""
    if not _is_free(tx, heard):
        return "its id belongs to something else"
    cards.keep(tx, node, heard.community, heard.cards, made_at=heard.announced_at)
    doer = actors.by_uri(tx, heard.doer)
    kind = heard.activity.type
    if doer is None or (doer.is_hidden and kind != "Delete"):
        return "there is nobody of that id"
    if heard.tally is not None:
        return _told_figures(tx, heard, heard.tally)
    if kind in WORDS and heard.note is not None:
        return _words(tx, node, heard, doer, heard.note)
    if kind == "Delete":
        return _deleted(tx, node, heard, doer)
    if doer.is_local:
        return NOT_OURS
    if kind in LIKES:
        return announced_likes.liked(tx, heard, doer)
    return announced_likes.unliked(tx, heard, doer)


def _is_free(tx: Tx, heard: Heard) -> bool:
    """Whether the Announce may become the wrapper of what it is about: its id is nothing else's."""
    row = posts.by_uri(tx, heard.uri)
    if row is None:
        return True
    shared = posts.by_id(tx, row.share_of_id) if row.share_of_id is not None else None
    return shared is not None and shared.uri == heard.activity.object_id


# Words.


def _words(tx: Tx, node: Node, heard: Heard, doer: ActorView, note: NoteDocument) -> str | None:
    row = posts.by_uri(tx, note.id)
    if doer.is_local:
        return _accepted(tx, node, heard, doer, row)
    if row is None:
        _store(tx, node, heard, doer, note)
        return None
    if not is_in(row, heard.community) or row.author_id != doer.id:
        return "that post is somebody else's"
    if row.deleted_at is not None:
        return "it was deleted"
    if heard.activity.type == "Create":
        new = _keep_first(tx, heard, row, note)
        new = _is_news_after_all(tx, heard, row) or new
        return None if new else "it is here already"
    remote_polls.hold(tx, row)
    if quoted.heard(tx, node=node, note=note, row=row, author=doer) and not is_new(
        row, _words_in(heard, note)
    ):
        return None  # what its author says of quotes is no edit
    return _edit(tx, heard, row, note)


def _is_news_after_all(tx: Tx, heard: Heard, row: PostRow) -> bool:
    """Whether a live Announce comes behind its own post: a newcomer's node read that up just now,
    into their home alone."""
    wrapper = posts.share_of(tx, row.id, heard.community.id) if heard.fresh else None
    if wrapper is None or tx.now - wrapper.stored_at > OVERTAKEN_MS:
        return False
    tell_named(tx, row, _named_aloud(tx, row))
    return storing.spread_late(tx, row, wrapper)


def _named_aloud(tx: Tx, row: PostRow) -> list[int]:
    return [actor for actor, silent in posts.named_in(tx, row.id).items() if not silent]


def _accepted(tx: Tx, node: Node, heard: Heard, doer: ActorView, row: PostRow | None) -> str | None:
    """The community took in what one of ours wrote: now the others may read it."""
    if row is None or row.author_id != doer.id or not is_in(row, heard.community):
        return "no post of ours in that community"
    if heard.context is not None and row.context_uri is None:
        threads.set_context(tx, row.id, heard.context)
    fresh = storing.accept(tx, row)
    if not fresh and posts.share_of(tx, row.id, heard.community.id) is not None:
        return None if _is_news_after_all(tx, heard, row) else "it was taken in before"
    # Taken in before, and its wrapper forgotten with everything else: its author is back.
    accepted = posts.by_id(tx, row.id) or row
    _wrap(tx, node, heard, accepted)
    announced_likes.settle(tx, heard, accepted)
    if heard.fresh:
        tell_named(tx, accepted, _named_aloud(tx, row))
    return None


def _wrap(tx: Tx, node: Node, heard: Heard, row: PostRow) -> None:
    storing.wrap(
        tx,
        row,
        community=heard.community,
        uri=heard.uri,
        announced_at=heard.announced_at,
        node=node,
        fresh=heard.fresh,
    )


def _store(tx: Tx, node: Node, heard: Heard, doer: ActorView, note: NoteDocument) -> None:
    """Keep a post that is new here; one that was deleted before it came stays unreadable."""
    by = (doer.id, heard.community.id)
    buried = ledger.is_taken_back(tx, heard.community.id, note.id, by)
    spoken = _spoken(tx, heard.community, note, doer)
    row = _row(tx, heard, doer, note)
    if buried:
        row = replace(row, content="", title="", summary="", deleted_at=tx.now)
    for _ in range(3):  # an id made from a past moment may be taken
        if buried and posts.insert_post(tx, row):
            break
        if not buried and storing.store(tx, row, named=spoken, tags=tags_of(note)):
            break
        identifier = id_at(tx, row.created_at)
        root_id = identifier if row.root_id == row.id else row.root_id
        row = replace(row, id=identifier, root_id=root_id)
    else:
        raise LookupError("the post's address belongs to another post")
    adopt(tx, row)
    if buried:
        return
    quoted.heard(tx, node=node, note=note, row=row, author=doer)
    copies.take(tx, row=row, attachments=note.attachments, told=_told(heard))
    remote_polls.take(tx, row, note.poll)
    _wrap(tx, node, heard, row)
    announced_likes.settle(tx, heard, row)
    if heard.fresh:
        tell_named(tx, row, spoken)


def _row(tx: Tx, heard: Heard, doer: ActorView, note: NoteDocument) -> PostRow:
    community = heard.community
    created_at = min(note.published or heard.announced_at, tx.now)
    identifier = id_at(tx, created_at)
    parent = posts.by_uri(tx, note.in_reply_to) if note.in_reply_to is not None else None
    if parent is not None and not is_in(parent, community):
        parent = None  # it goes on waiting: what is said elsewhere is no part of this thread
    mine = Audience.community(community.id)
    root = parent.root_audience if parent else mine
    words = _words_in(heard, note)
    return PostRow(
        id=identifier,
        uri=note.id,
        url=note.url or note.id,
        origin_id=community.origin_id if heard.activity.actor == community.uri else doer.origin_id,
        author_id=doer.id,
        type=note.type,
        place_id=community.id,
        share_of_id=None,
        kind=mine.kind,
        owner_id=mine.owner,
        root_id=parent.root_id if parent else identifier,
        root_kind=root.kind,
        root_owner_id=root.owner,
        root_author_id=parent.root_author_id if parent else doer.id,
        quiet=False,
        reply_to_id=parent.id if parent else None,
        reply_to_uri=None if parent else note.in_reply_to,
        reply_to_author_id=parent.author_id if parent else None,
        content=words.content,
        source=None,
        summary=words.summary,
        sensitive=words.sensitive,
        language=note.language,
        app_id=None,
        created_at=created_at,
        stored_at=tx.now,
        edited_at=_edited_at(heard, note, created_at),
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
        title=words.title,
        emojis=words.emojis,
        context_uri=heard.context,
    )


def _edited_at(heard: Heard, note: NoteDocument, created_at: int) -> int | None:
    """When these words were written, if they are not the first."""
    if heard.activity.type == "Create" and note.updated is None:
        return None
    said_at = note.updated or heard.activity.published or created_at
    return max(said_at, created_at + 1)


def _words_in(heard: Heard, note: NoteDocument) -> Words:
    """The words; files are linked where the community keeps its copies, and nowhere else.

    Pictures are copied here instead (`social/copies`).
    """
    told = _told(heard)
    others = copies.without_shown(note).attachments
    kept = [replace(file, url=told[file.url]) for file in others if file.url in told]
    return words_of(replace(note, attachments=tuple(kept)))


def _told(heard: Heard) -> dict[str, str]:
    """From the address of a file to that of the community's copy, on the community's server."""
    told: Any = heard.copies if isinstance(heard.copies, list) else []
    found: dict[str, str] = {}
    for item in told[:100]:
        pair = (item.get("url"), item.get(COPY)) if isinstance(item, dict) else ()
        if len(pair) == 2 and all(isinstance(one, str) for one in pair):
            found[str(pair[0])] = str(pair[1])
    home = f"{origin_of(heard.community.uri)}/"
    return {url: copy for url, copy in found.items() if copy.startswith(home)}


def _spoken(tx: Tx, community: ActorView, note: NoteDocument, doer: ActorView) -> set[int]:
    """Whom the text names, of those whom we know; of our own people, those who belong."""
    people = actors.by_uris(tx, [each.href for each in note.mentions])
    ours = {one.actor_id for one in communities.active_members(tx, community.id)}
    return {one.id for one in people if not one.is_local or one.id in ours} - {doer.id}


def _edit(tx: Tx, heard: Heard, row: PostRow, note: NoteDocument) -> str | None:
    """A newer version takes the post's place, an older one that comes late its place in history."""
    said_at = _edited_at(heard, note, row.created_at) or row.created_at
    if said_at == row.edited_at:
        return "it is here already"
    if row.edited_at is not None and said_at < row.edited_at:
        return None if _keep_version(tx, heard, row, note, said_at) else "it is here already"
    author = actors.by_id(tx, row.author_id)
    if author is None:
        return "there is nobody of that id"
    spoken = _spoken(tx, heard.community, note, author)
    new = spoken - posts.named_in(tx, row.id).keys()
    words, asked = _words_in(heard, note), names_kept(tx, row.id)
    remote_polls.refresh(tx, row, note)
    rewrite(tx, row, words, note.language, at=said_at, asked=asked)
    posts.add_mentions(tx, row.id, new)
    posts.respeak(tx, row.id, spoken)
    posts.set_tags(tx, row, tags_of(note))
    copies.take(tx, row=row, attachments=note.attachments, told=_told(heard))
    tell_named(tx, row, new)
    announce(tx, edited(row.id))
    return None


def _keep_first(tx: Tx, heard: Heard, row: PostRow, note: NoteDocument) -> bool:
    """The first words of a post that came with an edit; False if they are known."""
    if row.edited_at is None or note.updated is not None:
        return False
    return _keep_version(tx, heard, row, note, row.created_at)


def _keep_version(tx: Tx, heard: Heard, row: PostRow, note: NoteDocument, made_at: int) -> bool:
    words = _words_in(heard, note)
    kept = add_version(
        tx,
        row.id,
        made_at=made_at,
        content=words.content,
        summary=words.summary,
        sensitive=words.sensitive,
        title=words.title,
        options=remote_polls.kept(note.poll),
    )
    if kept:
        named = {actor.id for actor in actors.by_uris(tx, [one.href for one in note.mentions])}
        posts.add_mentions(tx, row.id, (), named - {row.author_id})
    return kept


def _told_figures(tx: Tx, heard: Heard, told: PollDocument) -> str | None:
    """How a poll of the community stands, which counts (protocol §5)."""
    uri = heard.activity.object_id or ""
    at = min(heard.activity.published or heard.announced_at, tx.now)
    return remote_polls.take_tally(tx, community=heard.community, post_uri=uri, told=told, at=at)


# What ends.


def _deleted(tx: Tx, node: Node, heard: Heard, doer: ActorView) -> str | None:
    """Make a post unreadable: by its author, or withdrawn by the community itself."""
    community, uri = heard.community, heard.activity.object_id or ""
    if actors.by_uri(tx, uri) is not None:
        return "nobody deletes somebody"
    row = posts.by_uri(tx, uri)
    if row is not None and not is_in(row, community):
        return "that post is somebody else's"
    if row is not None and doer.id not in {row.author_id, community.id}:
        return "that post is somebody else's"
    if doer.is_local:
        return NOT_OURS
    ledger.taken_back(tx, community.id, doer.id, uri)
    if row is None:
        return None
    if not row.is_local:
        storing.remove(tx, row)
        return None
    return _withdrawn(tx, node, community, row)


def _withdrawn(tx: Tx, node: Node, community: ActorView, row: PostRow) -> str | None:
    """The community shows a post of one of ours no more; its text stays its author's."""
    if row.deleted_at is not None or row.acceptance is Acceptance.REFUSED:
        return "it is not there any more"
    name = community.name or community.handle
    fresh = _refuse(tx, node, row, f"Your post was taken out of “{name}”.")
    if fresh and row.is_accepted and row.reply_to_id is not None and storing.counts(tx, row):
        figures.count_reply(tx, row.reply_to_id, -1)
    wrapper = posts.share_of(tx, row.id, community.id)
    if wrapper is not None:  # also of what is withheld, so that it is in no community afterwards
        storing.remove(tx, wrapper)
    return None if fresh else "it is not there any more"


def refused(
    tx: Tx, *, node: Node, community: ActorView, activity_uri: str, reason: str = ""
) -> bool:
    """A community did not take in what one of ours wrote or likes; whether that changed anything.

    The text is kept, as its author's alone; the helper tells why, and it can be sent again. A like
    is forgotten: the community keeps the one tally.
    """
    sent = activities.sent(tx, activity_uri)
    row = posts.by_id(tx, sent.post_id) if sent is not None and sent.post_id is not None else None
    if sent is None or row is None or not is_in(row, community):
        return False
    if likes.uri_of(tx, sent.actor_id, row.id) == activity_uri:
        return drop_like(tx, actor_id=sent.actor_id, post=row) is not None
    if remote_polls.refused(tx, actor_id=sent.actor_id, activity_uri=activity_uri):
        return True
    if not row.is_local:
        return False
    if row.deleted_at is not None or row.acceptance is not Acceptance.WAITING:
        return False
    name = community.name or community.handle
    because = f": {reason}" if reason else ""
    return _refuse(tx, node, row, f"Your post was not taken into “{name}”{because}.")


def _refuse(tx: Tx, node: Node, row: PostRow, what: str) -> bool:
    """Keep it as its author's alone, who is told; False if somebody else was faster."""
    if not posts.set_acceptance(tx, row.id, Acceptance.REFUSED):
        return False
    announce(tx, edited(row.id))
    text = f"{what} Only you can see it now.\n\n{row.url}"
    helper.tell(tx, node=node, person_id=row.author_id, text=text)
    return True
