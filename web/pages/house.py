"""What everybody may read of this node: what it is, its rules, privacy, terms."""

from aiohttp.web import StreamResponse

from domain.house import House
from domain.node import Node
from social import house
from social.house import Written
from storage.queries.house import RuleRow, TextRow, kinds_given
from storage.tx import Tx
from web.call import Call
from web.pages.rendering import page
from web.routes import Access, Route, get


async def about(call: Call) -> StreamResponse:
    """GET /about: what this place is, for everybody."""
    text, rules, has_terms = await call.read(_about, node=call.node)
    return await page(
        call,
        "about.html",
        contact=call.services.contact_email,
        text=text,
        rules=rules,
        has_terms=has_terms,
    )


def _about(tx: Tx, *, node: Node) -> tuple[Written, list[RuleRow], bool]:
    has_terms = House.TERMS in kinds_given(tx)
    return house.about(tx, node=node), house.rules(tx, node=node), has_terms


async def privacy(call: Call) -> StreamResponse:
    """GET /privacy-policy."""
    text = await call.read(house.privacy, node=call.node)
    return await page(call, "privacy.html", text=text)


async def terms(call: Call) -> StreamResponse:
    """GET /terms-of-service, and those of another day."""
    row, followed_by = await call.read(_terms, call.request.match_info.get("date"))
    return await page(call, "terms.html", row=row, followed_by=followed_by)


def _terms(tx: Tx, day: str | None) -> tuple[TextRow, str | None]:
    return house.terms(tx, day)


ROUTES: list[Route] = [
    get("/about", about, Access.BROWSER),
    get("/privacy-policy", privacy, Access.BROWSER),
    get("/terms-of-service", terms, Access.BROWSER),
    get("/terms-of-service/{date}", terms, Access.BROWSER),
]
