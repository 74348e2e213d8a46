"""What this node does not have by design: empty answers in documented shapes, or errors in JSON.

Apps can do without each of these, and no app fails on them:
- collections of accounts: a community is what people here gather in;
- annual reports: nobody counts what people do (protocol §8);
- translations: no post is shown to anybody's translator;
- identity proofs: gone from Mastodon itself;
- mails that confirm an address: an account works at once.

They are the same for everybody and every id: nothing is told by them. A translation alone is
refused with a sentence to those who may read the post.
"""

from typing import Final

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from storage.views.posts import visible
from web.call import Call
from web.mastodon.entities.absent import NoCollections, NoReport, NoReports
from web.mastodon.entities.house import TranslationLanguages
from web.responses import empty, json, raw_json
from web.routes import Access, Route, change, delete, get, post


async def none(_call: Call) -> StreamResponse:
    """A list with nothing in it."""
    return raw_json(b"[]")


async def nothing(_call: Call) -> StreamResponse:
    """An object with nothing in it, or an act that changes nothing."""
    return empty()


async def no_collections(_call: Call) -> StreamResponse:
    """GET /api/v1/accounts/:id/collections, …/in_collections."""
    return json({"collections": []})


async def no_reports(_call: Call) -> StreamResponse:
    """GET /api/v1/annual_reports."""
    return json({"annual_reports": [], "accounts": [], "statuses": []})


async def no_report(_call: Call) -> StreamResponse:
    """GET /api/v1/annual_reports/:year/state."""
    return json({"state": "ineligible"})


async def not_offered(_call: Call) -> StreamResponse:
    """What would make one of these."""
    raise NotFound("This is not offered here")


async def confirmed(_call: Call) -> StreamResponse:
    """POST /api/v1/emails/confirmations."""
    raise NotFound("There is no e-mail address that waits to be confirmed")


async def missing(_call: Call) -> StreamResponse:
    """A thing that nobody has here."""
    raise NotFound


async def translate(call: Call) -> StreamResponse:
    """POST /api/v1/statuses/:id/translate."""
    await call.read(visible, call.id(), call.viewer)
    raise NotFound("Posts are not translated here")


_REPORTS: Final = "/api/v1/annual_reports"
_REPORT: Final = f"{_REPORTS}/{{year}}"
_COLLECTIONS: Final = "/api/v1/collections"
_COLLECTION: Final = f"{_COLLECTIONS}/{{id}}"
_ITEMS: Final = f"{_COLLECTIONS}/{{collection_id}}/items"
_READ: Final = "read:accounts"
_WRITE: Final = "write:accounts"

ROUTES: list[Route] = [
    post("/api/v1/statuses/{id}/translate", translate, Access.ANYONE, "read:statuses"),
    *(
        get(
            f"/api/v1/accounts/{{id}}/{name}",
            no_collections,
            Access.ANYONE,
            _READ,
            answers=NoCollections,
        )
        for name in ("collections", "in_collections")
    ),
    get("/api/v1/accounts/{id}/identity_proofs", none, Access.ANYONE, _READ, answers=list[None]),
    post(_COLLECTIONS, not_offered, Access.ACCOUNT, _WRITE),
    get(_COLLECTION, missing, Access.ANYONE, _READ),
    *change(_COLLECTION, missing, Access.ACCOUNT, _WRITE),
    delete(_COLLECTION, missing, Access.ACCOUNT, _WRITE),
    post(_ITEMS, missing, Access.ACCOUNT, _WRITE),
    delete(f"{_ITEMS}/{{id}}", missing, Access.ACCOUNT, _WRITE),
    post(f"{_ITEMS}/{{id}}/revoke", missing, Access.ACCOUNT, _WRITE),
    get(_REPORTS, no_reports, Access.ACCOUNT, _READ, answers=NoReports),
    get(_REPORT, missing, Access.ACCOUNT, _READ),
    get(f"{_REPORT}/state", no_report, Access.ACCOUNT, _READ, answers=NoReport),
    post(f"{_REPORT}/generate", not_offered, Access.ACCOUNT, _WRITE),
    post(f"{_REPORT}/read", missing, Access.ACCOUNT, _WRITE),
    get(
        "/api/v1/instance/translation_languages",
        nothing,
        Access.OPEN,
        answers=TranslationLanguages,
    ),
    post("/api/v1/emails/confirmations", confirmed, Access.ACCOUNT, _WRITE),
]
