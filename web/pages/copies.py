"""Where copies of a community's posts are, for its members (protocol §6: the data-flow page)."""

from aiohttp.web import StreamResponse
from babel.dates import format_date
from msgspec import Struct

from domain.addresses import parse_url
from social import data_flow
from storage.views import communities
from storage.views.data_flow import Request, Server
from web.api.data_flow import LINKS, SIGNED, notices, software
from web.call import Call
from web.pages.rendering import page
from web.pages.wording import LANGUAGE, exactly, moment
from web.pages.wording import gettext as _
from web.routes import Access, Route, get


class Line(Struct, frozen=True):
    """One server, in words. `since` is a date: when somebody came in is nobody's business."""

    domain: str
    software: str
    since: str
    standing: str
    requests: list[str]
    notices: list[str]


def line(server: Server) -> Line:
    """What there is to say of a server."""
    return Line(
        domain=parse_url(server.origin).authority,
        software=software(server),
        since=format_date(moment(server.since), format="long", locale=LANGUAGE),
        standing=_("Members live there.")
        if server.has_members
        else _("No member lives there now."),
        requests=[_said(one) for one in server.requests],
        notices=[_(notice) for notice in notices(server)],
    )


def _said(request: Request) -> str:
    asked = _("Asked to forget on %(time)s") % {"time": exactly(request.asked_at)}
    done = request.acknowledged_at
    if done is None:
        return _("%(asked)s; it has not said that it did.") % {"asked": asked}
    return _("%(asked)s; it has, on %(time)s.") % {"asked": asked, "time": exactly(done)}


async def show(call: Call) -> StreamResponse:
    """GET /communities/{id}/copies, for its members."""
    community = await call.read(communities.one_of_mine, call.viewer, call.id())
    found = await data_flow.of(call.services.fetcher, community, actor_id=call.person.actor_id)
    return await page(
        call,
        "community-copies.html",
        actor=community,
        home=parse_url(community.uri).authority,
        lines=[line(server) for server in found or ()],
        complete=found is not None,
        notices=[_(SIGNED), _(LINKS)],
    )


ROUTES: list[Route] = [get("/communities/{id}/copies", show, Access.SIGNED_IN)]
