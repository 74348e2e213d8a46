"""Finding people and posts, one tag's posts, and what somebody was told."""

from typing import Final
from urllib.parse import quote

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.kinds import NotificationKind
from domain.text import fold_tag, hashtags
from social.search import Found, resolve, search
from storage.views import notifications, timelines
from storage.views.notifications import NotificationView
from web.call import Call
from web.pages import paths
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.routes import Access, Route, get

LONGEST: Final = 1_000


async def show_search(call: Call) -> StreamResponse:
    """GET /search: by name, by full name with its server, by address; `#tag` leads to the tag."""
    text = call.params.text("q").strip()[:LONGEST]
    if text.startswith("#") and hashtags(text):
        return see_other(paths.of_tag(fold_tag(hashtags(text)[0])))
    found = await _find(call, text) if text else Found()
    return await page(call, "search.html", q=text, found=found)


async def _find(call: Call, text: str) -> Found:
    services = call.services
    people = await call.read(search, call.viewer, text)
    if people:
        return Found(people=people)
    return await resolve(services.db, services.fetcher, viewer=call.viewer, q=text)


async def show_tag(call: Call) -> StreamResponse:
    """GET /tags/{tag}."""
    typed = call.request.match_info["tag"]
    folded = fold_tag(typed)
    if [fold_tag(tag) for tag in hashtags(f"#{folded}")] != [folded]:
        raise NotFound
    if typed != folded:
        return see_other(f"/tags/{quote(folded, safe='')}")
    asked = page_of(call)
    found = await call.read(timelines.tag, call.viewer, asked, tag=folded)
    listing = listing_of(call, asked, found, [post.id for post in found])
    return await page(call, "tag.html", tag=folded, listing=listing)


async def show_notifications(call: Call) -> StreamResponse:
    """GET /notifications."""
    asked = page_of(call)
    found = await call.read(notifications.page, call.viewer, asked)
    listing = listing_of(call, asked, [], [line.id for line in found])
    lines = [(line, sentence(line)) for line in found]
    return await page(call, "notifications.html", lines=lines, listing=listing)


def sentence(line: NotificationView) -> str:
    """What happened, after the name of who did it."""
    sentences = {
        NotificationKind.MENTION: _("wrote to you"),
        NotificationKind.SHARE: _("shared your post"),
        NotificationKind.LIKE: _("likes your post"),
        NotificationKind.FOLLOW: _("follows you"),
        NotificationKind.FOLLOW_REQUEST: _("asks to follow you"),
        NotificationKind.EDIT: _("changed a post that you shared"),
        NotificationKind.QUOTE: _("quoted your post"),
        NotificationKind.QUOTED_EDIT: _("changed a post that you quoted"),
        NotificationKind.REPORT: _("reported somebody"),
        NotificationKind.POLL: _("asked something, and the poll has ended"),
        NotificationKind.MOVED: _("moved to another account: their page says where"),
    }
    return sentences.get(line.kind, _("has news for you"))


ROUTES: list[Route] = [
    get("/search", show_search, Access.SIGNED_IN),
    get("/tags/{tag}", show_tag, Access.SIGNED_IN),
    get("/notifications", show_notifications, Access.SIGNED_IN),
]
