"""The form in which people write: the text, and who reads it, in words that everybody knows."""

from enum import StrEnum

from msgspec import Struct

from domain.audience import Kind
from domain.choices import Choice
from domain.errors import Invalid, Problem
from domain.ids import token
from domain.node import Node
from domain.quotes import CHOICES
from social.files import MOST_PER_POST, Detail
from social.posts import Draft
from social.signin import Identity
from storage.queries.files import FileRow, unused
from storage.views.actors import ActorView
from storage.views.posts import PostView
from web.call import Call
from web.mastodon.media import take_in
from web.pages.polls import Asking, asking, wished
from web.pages.wording import gettext as _
from web.params import Params, as_id

PREFIX = "Validation failed: "
LONGEST_KEY = 64


class Readers(StrEnum):
    """What the form offers."""

    EVERYONE = "everyone"
    FOLLOWERS = "followers"
    NAMED = "named"
    WORLD = "world"
    THREAD = "thread"
    PLACE = "place"


class Option(Struct, frozen=True):
    """One answer to "who reads it?"."""

    value: Readers
    label: str
    hint: str = ""


class Kept(Struct, frozen=True):
    """A file that was sent with a form which is shown again: it need not be sent twice.

    `address`: of its small picture, if there is one.
    """

    id: int
    address: str
    alt: str
    name: str


class Compose(Struct, frozen=True):
    """The form as it is shown: empty, or with what was typed and what is wrong with it."""

    options: list[Option]
    chosen: str
    once: str
    text: str = ""
    summary: str = ""
    reply_to: int | None = None
    place: int | None = None  # the community on whose page the form stands
    problem: str = ""
    ask_world: bool = False
    pictures: list[Kept] = []
    poll: Asking = Asking()
    quoted: int | None = None  # the post that is to be quoted
    may_quote: str = "public"

    @property
    def empty(self) -> range:
        """The numbers of the pictures that may be added."""
        return range(len(self.pictures), MOST_PER_POST)


def options_for(identity: Identity, *, reply: bool) -> list[Option]:
    """Who may be chosen as readers. Guests write to followers and to people (protocol §1)."""
    named = Option(Readers.NAMED, _("Only the people I name"), _("Write their @names in the text"))
    if reply:
        return [Option(Readers.THREAD, _("Everyone who can read what I answer")), named]
    followers = Option(Readers.FOLLOWERS, _("My followers"))
    if not identity.is_full:
        return [followers, named]
    world = Option(Readers.WORLD, _("Anyone, also outside work"), _("Visible on the internet"))
    return [Option(Readers.EVERYONE, _("Everyone at work")), followers, named, world]


def blank(identity: Identity, *, reply_to: PostView | None = None, text: str = "") -> Compose:
    """A form to begin with; an answer starts with the names of those who are answered."""
    options = options_for(identity, reply=reply_to is not None)
    if reply_to is None:
        return Compose(options, options[0].value, token(16), text=text)
    names = _names_in(reply_to, identity.actor_id)
    return Compose(
        options,
        options[0].value,
        token(16),
        text=names,
        summary=reply_to.row.summary,
        reply_to=reply_to.id,
    )


def in_place(community_id: int) -> Compose:
    """A form to begin with, on the page of a community."""
    options = _of_place()
    return Compose(options, options[0].value, token(16), place=community_id)


def _of_place() -> list[Option]:
    return [Option(Readers.PLACE, _("Whoever reads this community"))]


def _names_in(post: PostView, me: int) -> str:
    people = {actor.id: actor for actor in (post.author, *post.mentioned) if actor.id != me}
    return "".join(f"@{actor.acct} " for actor in people.values())


async def take_pictures(call: Call) -> list[int]:
    """Keep the files of a form; their ids, with those of the files that were kept before.

    Raises:
        Invalid: one cannot be shown; those before it are kept.
        NoRoom: there is no room for one.
    """
    found = call.params.ids("media", MOST_PER_POST)
    for number in range(MOST_PER_POST):
        sent = call.params.files.get(f"file{number}")
        detail = Detail(alt=call.params.text(f"alt{number}"))
        if sent is not None:
            row = await take_in(call, sent, detail, at_once=True)
            found.append(row.id)
            call.uploaded.append(row.id)
    return found


def _kept(call: Call, rows: list[FileRow]) -> list[Kept]:
    viewer = call.person.actor_id
    return [
        Kept(
            row.id,
            call.node.media(row.id, viewer, small=True) if row.preview else "",
            row.alt,
            row.name or ("" if row.preview else _("A recording")),
        )
        for row in rows
    ]


async def kept_pictures(call: Call) -> list[Kept]:
    """The pictures of a form that is shown again."""
    ids = [*call.params.ids("media", MOST_PER_POST), *call.uploaded][:MOST_PER_POST]
    found = await call.read(unused, call.person.actor_id, ids) if ids else {}
    return _kept(call, [found[one] for one in dict.fromkeys(ids) if one in found])


def refilled(call: Call, problem: Problem | None, pictures: list[Kept]) -> Compose:
    """The form with what was typed, so that no word is lost."""
    params = call.params
    reply_to = as_id(params.text("reply_to"))
    place = as_id(params.text("place"))
    options = options_for(call.person, reply=reply_to is not None)
    return Compose(
        options if place is None else _of_place(),
        params.text("readers"),
        token(16),
        text=params.text("text"),
        summary=params.text("summary"),
        reply_to=reply_to,
        place=place,
        problem=problem.message.removeprefix(PREFIX) if problem else "",
        ask_world=problem is None,
        pictures=pictures,
        poll=asking(params),
        quoted=as_id(params.text("quoted")),
        may_quote=params.text("may_quote", "public"),
    )


def draft_from(call: Call, media_ids: list[int]) -> Draft:
    """What was written, with these pictures.

    Raises:
        Invalid: nobody was chosen as readers.
    """
    params = call.params
    summary = params.text("summary").strip()
    reply_to = as_id(params.text("reply_to"))
    place = as_id(params.text("place"))
    if place is not None and reply_to is None:
        choice, local_only = _choice_in_place(params.text("readers"))
    else:
        choice, local_only = _choice(call.node, params.text("readers"), reply=reply_to is not None)
    return Draft(
        text=params.text("text"),
        visibility=choice,
        local_only=local_only,
        reply_to_id=reply_to,
        place_id=place,
        summary=summary,
        sensitive=bool(summary),
        idempotency_key=f"page:{params.text('once')[:LONGEST_KEY]}" if "once" in params else None,
        media_ids=tuple(media_ids),
        poll=wished(params),
        quoted_id=as_id(params.text("quoted")),
        quote_policy=_policy(params),
    )


def _policy(params: Params) -> str:
    """Who may quote it; nobody, where the form says something else."""
    chosen = params.text("may_quote", "public")
    return chosen if chosen in CHOICES else "nobody"


def _choice_in_place(readers: str) -> tuple[Choice, bool]:
    """A community decides who reads it: the page offers nothing else."""
    if readers != Readers.PLACE:
        raise Invalid(_("Please choose who reads it."), "readers")
    return Choice.PUBLIC, False


def _choice(node: Node, readers: str, *, reply: bool) -> tuple[Choice, bool]:
    """The app's word for it. "Everyone at work" stays at work whatever `public` means here."""
    if readers == Readers.NAMED:
        return Choice.DIRECT, False
    if reply and readers == Readers.THREAD:
        return Choice.PUBLIC, False
    if not reply and readers == Readers.FOLLOWERS:
        return Choice.PRIVATE, False
    if not reply and readers == Readers.EVERYONE:
        return Choice.PUBLIC, node.public_means is Kind.PUBLIC
    if not reply and readers == Readers.WORLD:
        return Choice.WORLD, False
    raise Invalid(_("Please choose who reads it."), "readers")


def must_be_told(call: Call, me: ActorView) -> bool:
    """Whether this would be the first time that anybody outside can look this person up.

    The person is told before it happens (protocol §3).
    """
    asked = call.params.text("readers") == Readers.WORLD
    known = me.public or me.posts_count > 0 or call.params.flag("sure")
    return asked and not known
