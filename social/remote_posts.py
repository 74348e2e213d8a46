"""Posts of other servers: kept if somebody here is concerned. Changes: `social.remote_changes`.

The caller made sure that `signer` signed what is said, or that the document came from its own
server. What is refused is refused without a trace: the sender has its 202 either way.
"""

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from activitypub.parse.fields import origin_of
from activitypub.parse.posts import NoteDocument
from domain.addressing import (
    PUBLIC_URI,
    Addressee,
    DocumentAudience,
    Gathering,
    audience_of_document,
)
from domain.audience import NAMED, Audience, Kind
from domain.choices import Named
from domain.kinds import ActorType
from domain.node import Node
from social import bells, commands, copies, quoted, readers, remote_polls, storing
from social.consent import policy_said
from social.mentions import place_of
from social.notifications import tell_named
from social.open_communities import place_for, placed, refusal
from social.threads import adopt
from social.wording import tags_of, words_for
from storage.queries import actors, arrivals, communities, follows, origins, posts
from storage.queries import timelines as homes
from storage.queries.ids import id_at
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow


def store_remote_post(
    tx: Tx,
    *,
    node: Node,
    note: NoteDocument,
    signer: ActorView,
    received_at: int | None = None,
    wanted: bool = False,
    place: ActorView | None = None,
) -> int | None:
    """Store a post of another server; its id here, or None if it may not be kept.

    Its audience is what its addresses say, met with its root's; an unknown addressee is nobody.
    None for an author of another origin, a deleted post, an answer to what its author cannot know
    of (O11), and for what concerns nobody here. `wanted`: somebody here asked for it; then it is
    not written into homes, and nobody is told. `place`: the community that takes it in; any other
    community is nobody, since what is said in one comes to it or through it (`social/gathering`),
    unless it is open to the world (`social/open_communities`).
    """
    if not is_authors_own(node, note, signer):
        return None
    wait_for(tx, note)
    before = arrivals.before(tx, note.id)
    if before.is_known:
        return _known_id(tx, note.id, signer, came=not wanted)
    if before.buried_by == signer.uri:
        return None
    parent = posts.by_uri(tx, note.in_reply_to) if note.in_reply_to is not None else None
    if not _may_answer(tx, node, note, signer, parent):
        return None
    people = who_belongs(tx, actors.by_uris(tx, addresses(note, signer)), place)
    place = place or place_for(tx, note, signer, people, parent)
    said = _audience(tx, note, signer, people, parent=parent, place=place)
    said = placed(tx, said, place)
    if said.audience.kind is Kind.COMMUNITY and said.place is None:
        return None
    if not (wanted or _concerns(tx, note, signer, people, said, parent=parent)):
        return None
    made_at = moment_of(tx, note, received_at)
    new_id = id_at(tx, made_at)
    row = row_for(tx, note, signer, said, parent=parent, made_at=made_at, identifier=new_id)
    return _store(
        *(tx, note, row, people, said), node=node, wanted=wanted, is_awaited=before.is_awaited
    )


def wait_for(tx: Tx, note: NoteDocument) -> None:
    """Wait for whoever stores this post, or what it answers, at this moment: a delivery, a fetch.

    Else an answer and its parent would not see each other come, nor an edit the post that it edits.
    """
    wait_for_all(tx, {note.id, note.in_reply_to or note.id})


def wait_for_all(tx: Tx, uris: Iterable[str]) -> None:
    """The same of several posts, in the one order that everybody keeps."""
    for uri in sorted(uris):
        tx.lock(f"post {uri}")


def _known_id(tx: Tx, uri: str, signer: ActorView, *, came: bool) -> int | None:
    """The id of a post that was stored before, if it is its sender's and still there.

    One that was fetched before it `came`, as what an answer answers, is news only now.
    """
    known = posts.by_uri(tx, uri)
    if known is None or known.author_id != signer.id or known.deleted_at is not None:
        return None
    if came:
        spoken = [actor for actor, silent in posts.named_in(tx, known.id).items() if not silent]
        tell_named(tx, known, spoken)
        homes.fan_out(tx, known.id)
    return known.id


def is_authors_own(node: Node, note: NoteDocument, signer: ActorView) -> bool:
    """A post lies on its author's server, and that is not ours (O01, O07)."""
    if signer.is_local or signer.is_hidden or note.attributed_to != signer.uri:
        return False
    return origin_of(note.id) == origin_of(signer.uri) != origin_of(node.origin)


def _may_answer(
    tx: Tx, node: Node, note: NoteDocument, signer: ActorView, parent: PostRow | None
) -> bool:
    """Whether the author can know of what is answered; ours and unknown is not allowed either.

    Nor is what an open community of ours refuses, whichever way the answer came.
    """
    if note.in_reply_to is None:
        return True
    if parent is None:
        return origin_of(note.in_reply_to) != origin_of(node.origin)
    if refusal(tx, signer, about=parent, answers=True) is not None:
        return False
    return readers.may(tx, signer, posts.facts(tx, parent))


def addresses(note: NoteDocument, signer: ActorView) -> list[str]:
    """What may be somebody: not anyone, and not the author's own followers."""
    named = [each.href for each in note.mentions]
    addressed = dict.fromkeys((*note.to, *note.cc, *note.audience, *named))
    nobody = (PUBLIC_URI, signer.followers)
    return [uri for uri in addressed if uri not in nobody]


def who_belongs(tx: Tx, people: list[ActorView], place: ActorView | None) -> list[ActorView]:
    """In a community nobody else is named: they could not read it, and its other members' servers
    would come to know of them.
    """
    if place is None or not place.is_local:
        return people
    inside = {one.actor_id for one in communities.active_members(tx, place.id)} | {place.id}
    return [one for one in people if one.id in inside]


def _audience(
    tx: Tx,
    note: NoteDocument,
    signer: ActorView,
    people: Iterable[ActorView],
    *,
    parent: PostRow | None,
    place: ActorView | None,
) -> DocumentAudience:
    root = parent.root_audience if parent else None
    known = _known(tx, people, place)
    if _names_others(note, signer, known):
        known |= _gatherings(tx, signer, root)
    return audience_of_document(
        note.to,
        note.cc,
        note.audience,
        signer.followers,
        author=signer.id,
        author_origin=signer.origin_id,
        known=known,
        root=root,
    )


def _names_others(note: NoteDocument, signer: ActorView, known: Collection[str]) -> bool:
    """Whether an address is neither anyone, nor the author's followers, nor a person we know."""
    named = {*note.to, *note.cc, *note.audience}
    return not named <= {PUBLIC_URI, signer.followers, *known}


def _known(tx: Tx, people: Iterable[ActorView], place: ActorView | None) -> dict[str, Addressee]:
    """Whom the addresses mean. A community that does not take it in is nobody."""
    found: dict[str, Addressee] = {}
    for actor in people:
        if actor.type is not ActorType.GROUP:
            found[actor.uri] = Named(actor.id, actor.origin_id)
        elif place is not None and actor.id == place.id:
            found[actor.uri] = place_of(tx, actor)
    return found


def _gatherings(tx: Tx, signer: ActorView, root: Audience | None) -> dict[str, Addressee]:
    """The collections that may mean something: the author's network's, and the root's owner's."""
    found: dict[str, Addressee] = {}
    origin_ids = {signer.origin_id}
    if root is not None and root.kind is Kind.NETWORK:
        origin_ids.add(root.owner)
    for origin_id in origin_ids:
        application = _application(tx, origin_id)
        if application is not None and application.followers:
            found[application.followers] = Gathering(Audience.network(origin_id))
    if root is not None and root.kind is Kind.FOLLOWERS:
        owner = actors.by_id(tx, root.owner)
        if owner is not None and owner.followers:
            found[owner.followers] = Gathering(root)
    return found


def _application(tx: Tx, origin_id: int) -> ActorView | None:
    try:
        return actors.application_of(tx, origin_id)
    except LookupError:
        return None


def _concerns(
    tx: Tx,
    note: NoteDocument,
    signer: ActorView,
    people: Collection[ActorView],
    said: DocumentAudience,
    *,
    parent: PostRow | None,
) -> bool:
    """Whether somebody here follows the author, is addressed, answered or quoted.

    As Mastodon (app/lib/activitypub/activity/create.rb, related_to_local_activity?); and what a
    sister's people write for their network is for ours.
    """
    if said.audience.kind is Kind.DIRECT:
        return any(actor.id in said.named and is_somebody_here(actor) for actor in people)
    if said.audience.kind is Kind.NETWORK and origins.is_sister(tx, signer.origin_id):
        return True
    if said.place is not None or any(map(is_somebody_here, people)):
        return True
    if note.quoting is not None and quoted.may_ask(tx, signer, note.quoting.uri):
        return True
    if parent is not None and (parent.is_local or follows.local_followers(tx, parent.author_id)):
        return True
    return bool(follows.local_followers(tx, signer.id))


def is_somebody_here(actor: ActorView) -> bool:
    """Whether it is a person of ours, or a program: a community is a place."""
    return actor.is_local and actor.type is not ActorType.GROUP


def moment_of(tx: Tx, note: NoteDocument, received_at: int | None) -> int:
    """When a post was made, in ms: as it says, and never ahead of now."""
    return min(note.published or received_at or tx.now, tx.now)


def row_for(
    tx: Tx,
    note: NoteDocument,
    signer: ActorView,
    said: DocumentAudience,
    *,
    parent: PostRow | None,
    made_at: int,
    identifier: int,
) -> PostRow:
    """A post as it is stored, with a new id of the moment when it was made."""
    root_pair = parent.root_audience if parent else said.audience
    words = words_for(note)
    return PostRow(
        id=identifier,
        uri=note.id,
        url=note.url or note.id,
        origin_id=signer.origin_id,
        author_id=signer.id,
        type=note.type,
        place_id=said.place,
        share_of_id=None,
        kind=said.audience.kind,
        owner_id=said.audience.owner,
        root_id=parent.root_id if parent else identifier,
        root_kind=root_pair.kind,
        root_owner_id=root_pair.owner,
        root_author_id=parent.root_author_id if parent else signer.id,
        quiet=said.quiet,
        reply_to_id=parent.id if parent else None,
        reply_to_uri=None if parent else note.in_reply_to,
        reply_to_author_id=parent.author_id if parent else None,
        content=words.content,
        source=None,
        summary=words.summary,
        sensitive=words.sensitive,
        language=note.language,
        app_id=None,
        created_at=made_at,
        stored_at=tx.now,
        edited_at=_edited_at(note, made_at, tx.now),
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
        title=words.title,
        emojis=words.emojis,
        context_uri=note.context,
        replies_uri=note.replies,
        quote_policy=policy_said(signer, note.quote_rule),
    )


def _edited_at(note: NoteDocument, created_at: int, now: int) -> int | None:
    """When a post that is seen for the first time was last edited, if it was."""
    if note.updated is None or note.updated <= created_at:
        return None
    return min(note.updated, now)


def _store(
    tx: Tx,
    note: NoteDocument,
    row: PostRow,
    people: Collection[ActorView],
    said: DocumentAudience,
    *,
    node: Node,
    wanted: bool,
    is_awaited: bool,
) -> int | None:
    spoken = spoken_by(note, people, row, said.named)
    for _ in range(20):  # an id made from a past second may be taken
        if storing.store(tx, row, named=spoken, silent=said.named - spoken, tags=tags_of(note)):
            break
        known = posts.by_uri(tx, row.uri)
        if known is not None:
            return known.id if known.author_id == row.author_id else None
        row = with_new_id(tx, row)
    else:
        return None
    copies.take(tx, row=row, attachments=note.attachments, is_new=True)
    remote_polls.take(tx, row, note.poll)
    if note.quoting is not None:
        author = actors.by_id(tx, row.author_id)
        if author is not None:
            quoted.heard(tx, node=node, note=note, row=row, author=author)
    if is_awaited:
        adopt(tx, row)
        quoted.adopt(tx, node=node, quoted=row)
    if not wanted:
        tell_named(tx, row, [a.id for a in people if a.is_local and a.id in spoken])
        _spread(tx, row)
        commands.listen(tx, node=node, post=row, text=note.content)
    return row.id


def _spread(tx: Tx, row: PostRow) -> None:
    """Most posts are for anybody, no answers and in no community: then no rule has a say."""
    starts_a_thread = row.reply_to_id is None and row.reply_to_uri is None
    if row.is_world_public and starts_a_thread and row.place_id is None:
        storing.spread_to_followers(tx, row)
    else:
        storing.spread(tx, row.id)
    if row.place_id is None:  # a community's bell rings with its wrapper
        bells.ring(tx, row)


def with_new_id(tx: Tx, row: PostRow) -> PostRow:
    """The same under another id of its moment."""
    identifier = id_at(tx, row.created_at)
    root_id = identifier if row.root_id == row.id else row.root_id
    return replace(row, id=identifier, root_id=root_id)


def spoken_by(
    note: NoteDocument, people: Iterable[ActorView], row: PostRow, named: Collection[int]
) -> set[int]:
    """Whom the text names. Where being named is the right to read, only if also addressed."""
    tagged = {each.href for each in note.mentions}
    found = {actor.id for actor in people if actor.uri in tagged or actor.url in tagged}
    found.discard(row.author_id)
    return found & set(named) if row.kind in NAMED else found
