"""Communities: what each is for, joining and leaving, writing in it, and who is in it."""

from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.audience import Viewer
from domain.errors import NotFound
from domain.kinds import Joining, Life, Preset
from social import featuring, places
from storage.tx import Tx
from storage.views import communities, timelines
from storage.views.actors import ActorView
from storage.views.communities import Community
from storage.views.paging import Page
from storage.views.people import Listed
from storage.views.posts import PostView
from web.call import Call
from web.pages import paths
from web.pages.composing import Compose, in_place
from web.pages.listing import PER_PAGE, listing_of, page_of
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.routes import Access, Route, get, post


class Shown(Struct, frozen=True):
    """A community's page for one viewer: threads, newest first.

    `waiting`: the viewer's own words that it has not taken in, at the top of the first page.
    """

    about: Community
    posts: list[PostView]
    cursors: list[int]
    waiting: list[PostView]
    pinned: tuple[PostView, ...] = ()
    stewards: bool = False  # whether the viewer takes care of it, at its own node


def load(tx: Tx, *, viewer: Viewer, community_id: int, asked: Page) -> Shown | None:
    """The page; nothing for a group that is no community of anybody's here."""
    about = communities.about(tx, viewer, community_id)
    if about is None:
        return None
    entries = timelines.account_page(tx, viewer, asked, author_id=community_id, with_replies=False)
    first = asked.max_id is None and asked.min_id is None
    mine = (
        timelines.not_taken_in_page(tx, viewer, Page(), community_id=community_id) if first else []
    )
    found = timelines.filled(tx, [*mine, *entries], viewer)
    waiting = {entry.post_id for entry in mine}
    top = timelines.pinned_page(tx, viewer, Page(), actor_id=community_id) if first else []
    return Shown(
        about,
        [line for line in found if line.id not in waiting],
        [entry.cursor for entry in entries],
        [line for line in found if line.id in waiting],
        pinned=tuple(timelines.filled(tx, top, viewer)) if top else (),
        stewards=about.belongs and featuring.may_feature(tx, community_id, viewer.actor),
    )


async def answer(
    call: Call, found: Shown, asked: Page, compose: Compose | None = None, status: int = 200
) -> Response:
    """The page of a community, with the form for its members."""
    about = found.about
    if about.belongs and about.life is not Life.ARCHIVED:
        compose = compose or in_place(about.actor.id)
    return await page(
        call,
        "community.html",
        status=status,
        about=about,
        actor=about.actor,
        sentence=sentence(about.preset),
        entrance=entrance(about),
        compose=compose if about.belongs else None,
        waiting=found.waiting,
        pinned=found.pinned,
        stewards=found.stewards,
        listing=listing_of(call, asked, found.posts, found.cursors),
    )


async def show_again(call: Call, community_id: int, compose: Compose, status: int) -> Response:
    """The page once more, with what was typed. Raises NotFound."""
    asked = Page(limit=PER_PAGE)
    found = await call.read(load, viewer=call.viewer, community_id=community_id, asked=asked)
    if found is None:
        raise NotFound
    return await answer(call, found, asked, compose, status)


def sentence(preset: Preset) -> str:
    """Whom a community is for (protocol §4)."""
    return {
        Preset.HERE: _("Open to everyone at work"),
        Preset.MEMBERS: _("Members only"),
        Preset.PARTNERS: _("Members only, with people of partner organisations"),
        Preset.WORLD: _("Open to the world"),
    }[preset]


def entrance(about: Community) -> str:
    """What the button to come in says; nothing where there is none."""
    if about.belongs:
        return ""
    if about.invited:
        return _("Accept the invitation")
    begun = about.life in {Life.ACTIVE, Life.RESTING}
    if not begun or about.joining is Joining.BY_INVITATION:
        return ""
    return _("Join") if about.joining is Joining.OPEN else _("Ask to join")


async def show_all(call: Call) -> StreamResponse:
    """GET /communities: mine, those that wait for an answer, and the others to be found here."""
    found = await call.read(communities.all_shown, call.viewer)
    waiting = [each for each in found if each.invited or each.asked]
    others = [each for each in found if not (each.belongs or each.invited or each.asked)]
    return await page(
        call,
        "communities.html",
        mine=[each for each in found if each.belongs],
        waiting=waiting,
        others=[each for each in others if each.life is not Life.ARCHIVED],
        sentence=sentence,
    )


async def show_people(call: Call) -> StreamResponse:
    """GET /communities/{id}/people, for its members."""
    asked = page_of(call)
    community, lines = await call.read(_people, viewer=call.viewer, of=call.id(), asked=asked)
    listing = listing_of(call, asked, [], [line.cursor for line in lines])
    return await page(call, "community-people.html", actor=community, lines=lines, listing=listing)


def _people(tx: Tx, *, viewer: Viewer, of: int, asked: Page) -> tuple[ActorView, list[Listed]]:
    community = communities.one_of_mine(tx, viewer, of)
    return community, communities.members(tx, viewer, of, asked)


async def send_again(call: Call) -> StreamResponse:
    """POST /posts/{id}/send-again: hand in once more what a community refused."""
    await call.write(
        places.send_again, node=call.node, author_id=call.person.actor_id, post_id=call.id()
    )
    return see_other(paths.own_path(call.params.text("back")))


ROUTES: list[Route] = [
    get("/communities", show_all, Access.SIGNED_IN),
    get("/communities/{id}/people", show_people, Access.SIGNED_IN),
    post("/posts/{id}/send-again", send_again, Access.SIGNED_IN),
]
