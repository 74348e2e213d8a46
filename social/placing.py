"""Where a draft goes and who is named in it: everything that is fixed when a post is made."""

from dataclasses import dataclass
from typing import Final

from domain.audience import NAMED, PostFacts, Viewer
from domain.choices import (
    Choice,
    Hint,
    Named,
    Place,
    Placement,
    audience_for_new_post,
    audience_for_reply,
)
from domain.errors import Invalid, NotFound
from domain.html import clean_inline, clean_text
from domain.ids import HERE
from domain.kinds import PostType
from domain.node import Node
from domain.polls import NewPoll
from domain.text import fold_tag, hashtags, length, to_html
from social import readers
from social.mentions import Names, find_names, place_of, places
from storage.queries import actors, posts
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.communities import one_of_mine
from storage.views.posts import PostRow, PostView, Tag, visible

LONGEST_POST: Final = 5000
"""Characters of text and content warning together; an address counts 23."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to post. `visibility` is what an app calls it.

    `place_id`: the community on whose page it is written; apps name it in the text.
    """

    text: str
    visibility: Choice = Choice.PUBLIC
    local_only: bool = False
    reply_to_id: int | None = None
    place_id: int | None = None
    summary: str = ""
    sensitive: bool = False
    language: str | None = None
    app_id: int | None = None
    idempotency_key: str | None = None
    media_ids: tuple[int, ...] = ()
    quoted_id: int | None = None
    quote_policy: str = "public"
    poll: NewPoll | None = None

    def __post_init__(self) -> None:
        # A bare "direct" would be no Choice.DIRECT and mean everybody: ValueError for other words.
        object.__setattr__(self, "visibility", Choice(self.visibility))


@dataclass(frozen=True, slots=True)
class Plan:
    """Who writes, what is answered, who is meant by the handles, and where it goes."""

    author: ActorView
    viewer: Viewer
    names: Names
    placement: Placement
    parent: PostRow | None = None
    root: PostFacts | None = None

    @property
    def people(self) -> list[ActorView]:
        """The people whom the text names, without the author."""
        return self.names.persons(self.author.id)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a post reaches by name: in the text, silently; and what its author should know."""

    linked: frozenset[int]
    silent: frozenset[int]
    hints: tuple[Hint, ...]


def check_text(text: str, summary: str, *, has_files: bool = False) -> None:
    """Raise Invalid for a text that is too long, or blank where no picture speaks for itself."""
    if not (text.strip() or has_files):
        raise Invalid("Validation failed: Text can't be blank", "status")
    if length(text) + length(summary) > LONGEST_POST:
        limit = f"Validation failed: Text character limit of {LONGEST_POST} exceeded"
        raise Invalid(limit, "status")


def plan(tx: Tx, node: Node, author_id: int, draft: Draft) -> Plan:
    """Find out what a draft means. Raises Invalid, or NotFound for what it answers."""
    author = actors.by_id(tx, author_id)
    if author is None:
        raise NotFound
    viewer = readers.viewer_for(tx, author)
    if draft.reply_to_id is not None:
        answered = visible(tx, draft.reply_to_id, viewer).shown
        return _plan_reply(tx, node, author, draft, answered)
    names = _meant(draft, find_names(tx, node, draft.text, viewer))
    _check_belongs(draft, names)
    placement = audience_for_new_post(
        draft.visibility,
        node.public_means,
        author=author.id,
        full_member=viewer.full,
        people=[Named(actor.id, actor.origin_id) for actor in names.persons(author.id)],
        communities=_places(tx, viewer, names, draft.place_id),
        local_only=draft.local_only,
    )
    return Plan(author, viewer, names, placement)


def _places(tx: Tx, viewer: Viewer, names: Names, written_on: int | None) -> list[Place]:
    """The communities that are meant: the one on whose page it is written first, each once."""
    named = places(tx, names)
    if written_on is None:
        return named
    here = place_of(tx, one_of_mine(tx, viewer, written_on))
    return [here, *(place for place in named if place.actor != written_on)]


def _check_belongs(draft: Draft, names: Names) -> None:
    """Words for a community that the author does not belong to would go to everybody else.

    Raises Invalid. A community of which the author may not know is a name that nobody has.
    """
    if names.closed and not (draft.visibility is Choice.DIRECT and names.people):
        community = names.closed[0]
        raise Invalid(
            f"@{community.acct} is for its members; ask to join by following it,"
            " or leave its name out",
            "status",
        )


def _meant(draft: Draft, names: Names) -> Names:
    return names.said_privately() if draft.visibility is Choice.DIRECT else names


def _plan_reply(tx: Tx, node: Node, author: ActorView, draft: Draft, answered: PostView) -> Plan:
    viewer = readers.viewer_for(tx, author)
    companions = (answered.author, *answered.mentioned, *answered.silent)
    names = _meant(draft, find_names(tx, node, draft.text, viewer, companions))
    parent = posts.by_id(tx, answered.id)
    if parent is None:
        raise NotFound
    root = posts.root_facts(tx, parent)
    community = actors.by_id(tx, parent.place_id) if parent.place_id is not None else None
    people = names.persons(author.id)
    insiders = readers.reached(tx, people, root, parent.place_id)
    placement = audience_for_reply(
        draft.visibility,
        root,
        author=author.id,
        full_member=viewer.full,
        place=place_of(tx, community) if community is not None else None,
        people=[Named(actor.id, actor.origin_id, actor.id in insiders) for actor in people],
        communities=places(tx, names),
        local_only=draft.local_only or _stays_with(parent, draft),
    )
    return Plan(author, viewer, names, placement, parent, root)


def _stays_with(parent: PostRow, draft: Draft) -> bool:
    """Whether an answer stays on this node because what it answers does.

    Apps do not know `local_only`: they answer as publicly as the post looks, and in a public
    thread the world would overhear half of what was said here. Naming people is a choice.
    """
    return parent.stays_here and draft.visibility is not Choice.DIRECT


def addressed(tx: Tx, made: Plan, row: PostRow) -> Addressed:
    """Whom the post reaches by name: only those who may read it; the others stay plain text."""
    facts = _facts(made, row)
    linked = readers.reached(tx, made.people, facts, row.place_id)
    silent: set[int] = set()
    if row.kind in NAMED:
        others = made.placement.named - {actor.id for actor in made.people}
        views = actors.views(tx, sorted(others))
        silent = readers.reached(tx, views, facts, row.place_id)
    hints = [made.placement.hint] if made.placement.hint else []
    if len(linked) < len(made.people) and Hint.NOT_READERS not in hints:
        hints.append(Hint.NOT_READERS)
    return Addressed(frozenset(linked), frozenset(silent), tuple(hints))


def _facts(made: Plan, row: PostRow) -> PostFacts:
    """What the predicate is asked about a post that is not stored yet."""
    root, named = made.root, made.placement.named
    return PostFacts(
        id=row.id,
        author=row.author_id,
        audience=row.audience,
        created_at=row.created_at,
        named=named,
        root_id=row.root_id,
        root_author=root.author if root else row.author_id,
        root_audience=row.root_audience,
        root_created_at=root.created_at if root else row.created_at,
        root_named=root.named if root else named,
    )


def row_of(tx: Tx, node: Node, identifier: int, made: Plan, draft: Draft) -> PostRow:
    """The post as a row, still without its text: that depends on who may read it."""
    placement, parent, author = made.placement, made.parent, made.author
    return PostRow(
        id=identifier,
        uri=node.post(identifier),
        url=node.post_page(author.handle, identifier),
        origin_id=HERE,
        author_id=author.id,
        type=PostType.NOTE if draft.poll is None else PostType.QUESTION,
        place_id=placement.place,
        share_of_id=None,
        kind=placement.audience.kind,
        owner_id=placement.audience.owner,
        root_id=parent.root_id if parent else identifier,
        root_kind=placement.root_audience.kind,
        root_owner_id=placement.root_audience.owner,
        root_author_id=parent.root_author_id if parent else author.id,
        quiet=placement.quiet,
        reply_to_id=parent.id if parent else None,
        reply_to_uri=None,
        reply_to_author_id=parent.author_id if parent else None,
        content="",
        source=clean_source(draft.text),
        summary=clean_warning(draft.summary),
        sensitive=draft.sensitive,
        language=draft.language,
        app_id=draft.app_id,
        created_at=tx.now,
        stored_at=tx.now,
        edited_at=None,
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
        context_uri=_context(tx, node, identifier, made),
    )


def _context(tx: Tx, node: Node, identifier: int, made: Plan) -> str | None:
    """The thread's collection: an answer has its parent's (FEP-7888).

    A community gives its threads theirs; one that lives elsewhere tells it by its Announce.
    """
    place = made.placement.place
    held_by = actors.by_id(tx, place) if place is not None else None
    ours = node.thread(made.parent.root_id if made.parent else identifier)
    if held_by is not None and held_by.is_local:
        return ours
    if made.parent is None:
        return ours if held_by is None else None
    told = made.parent.context_uri
    is_false = told is not None and told != ours and told.startswith(f"{node.origin}/")
    return None if is_false else told


def clean_source(text: str) -> str:
    """What was typed, without characters that nobody sees."""
    return clean_text(text, limit=len(text))


def clean_warning(summary: str) -> str:
    """A content warning: one line of plain text."""
    return clean_inline(summary, limit=LONGEST_POST)


def content_of(node: Node, text: str, names: Names, linked: frozenset[int]) -> str:
    """The text as HTML; only those in `linked` and the communities become mentions."""
    return to_html(text, names.linked(linked), lambda tag: f"{node.origin}/tags/{tag}")


def tags_of(text: str) -> list[Tag]:
    """The tags in a text."""
    return [Tag(fold_tag(name), name) for name in hashtags(text)]
