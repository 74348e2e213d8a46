"""How a person presents herself: name, a few words, and who may find her."""

from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.errors import Invalid, NotFound
from domain.kinds import Portrait
from domain.node import Node
from social.archive import Stored
from social.profiles import LONGEST_BIO, LONGEST_NAME, ProfileChange, update_profile
from storage.queries import actors
from storage.tx import Tx
from web.call import Call
from web.mastodon.profile import PICTURES, drawn
from web.pages.joining import may_invite
from web.pages.rendering import page, see_other
from web.routes import Access, Body, Route, get, post


class Typed(Struct, frozen=True):
    """The form's contents: what is stored, or what was typed before a mistake."""

    name: str
    bio: str
    locked: bool
    public: bool
    hides_follows: bool
    automated: bool


async def show(call: Call) -> StreamResponse:
    """GET /settings."""
    return await _form(call, await call.read(_stored, call.person.actor_id))


def _stored(tx: Tx, actor_id: int) -> Typed:
    me = actors.by_id(tx, actor_id)
    if me is None:
        raise NotFound
    return Typed(
        name=me.name,
        bio=me.summary_source,
        locked=me.locked,
        public=me.public,
        hides_follows=me.hides_follows,
        automated=me.automated,
    )


async def save(call: Call) -> StreamResponse:
    """POST /settings. A box that is not ticked is not sent."""
    params = call.params
    typed = Typed(
        name=params.text("name"),
        bio=params.text("bio"),
        locked=params.flag("locked"),
        public=params.flag("public"),
        hides_follows=params.flag("hides_follows"),
        automated=params.flag("automated"),
    )
    try:
        pictures = await drawn(call, params) | {
            part: None for name, part in PICTURES.items() if params.flag(f"no-{name}")
        }
        await call.write(_save, call=call, node=call.node, typed=typed, pictures=pictures)
    except Invalid as problem:
        return await _form(call, typed, problem)
    return see_other("/settings?saved=1")


def _save(
    tx: Tx, *, call: Call, node: Node, typed: Typed, pictures: dict[Portrait, Stored | None]
) -> None:
    change = ProfileChange(
        name=typed.name,
        bio=typed.bio,
        locked=typed.locked,
        public=typed.public,
        hides_follows=typed.hides_follows,
        automated=typed.automated,
        pictures=pictures,
    )
    update_profile(tx, node=node, actor_id=call.person.actor_id, change=change)


async def _form(call: Call, typed: Typed, problem: Invalid | None = None) -> Response:
    return await page(
        call,
        "settings.html",
        status=200 if problem is None else 422,
        typed=typed,
        problem="" if problem is None else problem.message,
        saved=call.request.query.get("saved") == "1",
        longest_name=LONGEST_NAME,
        longest_bio=LONGEST_BIO,
        may_invite=may_invite(call),
    )


ROUTES: list[Route] = [
    get("/settings", show, Access.SIGNED_IN),
    post("/settings", save, Access.SIGNED_IN, body=Body.FILES),
]
