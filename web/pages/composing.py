"""The form in which people write: the text, and who reads it, in words that everybody knows."""

from enum import StrEnum

from msgspec import Struct

from domain.audience import Kind
from domain.choices import Choice
from domain.errors import Invalid, Problem
from domain.ids import token
from domain.node import Node
from social.posts import Draft
from social.signin import Identity
from storage.views.actors import ActorView
from storage.views.posts import PostView
from web.call import Call
from web.pages.wording import gettext as _
from web.params import as_id

PREFIX = "Validation failed: "
LONGEST_KEY = 64


class Readers(StrEnum):
    """What the form offers."""

    EVERYONE = "everyone"
    FOLLOWERS = "followers"
    NAMED = "named"
    WORLD = "world"
    THREAD = "thread"


class Option(Struct, frozen=True):
    """One answer to "who reads it?"."""

    value: Readers
    label: str
    hint: str = ""


class Compose(Struct, frozen=True):
    """The form as it is shown: empty, or with what was typed and what is wrong with it."""

    options: list[Option]
    chosen: str
    once: str
    text: str = ""
    summary: str = ""
    reply_to: int | None = None
    problem: str = ""
    ask_world: bool = False


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


def _names_in(post: PostView, me: int) -> str:
    people = {actor.id: actor for actor in (post.author, *post.mentioned) if actor.id != me}
    return "".join(f"@{actor.acct} " for actor in people.values())


def refilled(call: Call, problem: Problem | None) -> Compose:
    """The form with what was typed, so that no word is lost."""
    params = call.params
    reply_to = as_id(params.text("reply_to"))
    return Compose(
        options_for(call.person, reply=reply_to is not None),
        params.text("readers"),
        token(16),
        text=params.text("text"),
        summary=params.text("summary"),
        reply_to=reply_to,
        problem=problem.message.removeprefix(PREFIX) if problem else "",
        ask_world=problem is None,
    )


def draft_from(call: Call) -> Draft:
    """What was written.

    Raises:
        Invalid: nobody was chosen as readers.
    """
    params = call.params
    summary = params.text("summary").strip()
    reply_to = as_id(params.text("reply_to"))
    choice, local_only = _choice(call.node, params.text("readers"), reply=reply_to is not None)
    return Draft(
        text=params.text("text"),
        visibility=choice,
        local_only=local_only,
        reply_to_id=reply_to,
        summary=summary,
        sensitive=bool(summary),
        idempotency_key=f"page:{params.text('once')[:LONGEST_KEY]}" if "once" in params else None,
    )


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
