"""Finding people and posts, one tag's posts, and what somebody was told."""

from typing import Final
from urllib.parse import quote

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from domain.filters import Action, Place
from domain.kinds import NotificationKind
from domain.text import fold_tag, hashtags
from social.indexing import catch_up
from social.search import Found, is_name, resolve, saying, search
from storage.views import held_back, notifications, timelines
from storage.views.notifications import NotificationView
from storage.views.posts import PostView
from web.call import Call
from web.pages import paths
from web.pages.listing import listing_of, page_of
from web.pages.rendering import page, see_other
from web.pages.wording import folded_by
from web.pages.wording import gettext as _
from web.routes import Access, Route, get

LONGEST: Final = 1_000


async def show_search(call: Call) -> StreamResponse:
    """GET /search: people by name, posts by words, both by address; `#tag` leads to the tag."""
    text = call.params.text("q").strip()[:LONGEST]
    if text.startswith("#") and hashtags(text):
        return see_other(paths.of_tag(fold_tag(hashtags(text)[0])))
    found = await _find(call, text) if text else Found()
    return await page(call, "search.html", q=text, found=found)


async def _find(call: Call, text: str) -> Found:
    services = call.services
    people = await call.read(search, call.viewer, text)
    if not is_name(text):
        await catch_up(services.db)
        posts = await services.db.slow(saying, call.viewer, text, node=call.node)
        return Found(people=people, posts=posts)
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
    waiting = await call.read(held_back.waiting, call.viewer)
    listing = listing_of(call, asked, [], [line.id for line in found])
    lines = [(line, sentence(line)) for line in found if not _is_hidden(line, call.viewer.actor)]
    return await page(
        call, "notifications.html", lines=lines, listing=listing, waiting=waiting.senders
    )


def _is_hidden(line: NotificationView[PostView], reader_id: int) -> bool:
    """Whether a filter of the reader's hides what this tells of."""
    if line.post is None:
        return False
    found = folded_by(line.post, Place.NOTIFICATIONS, reader_id)
    return found is not None and found.action is Action.HIDE


def sentence(line: NotificationView[PostView]) -> str:
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
        NotificationKind.STATUS: _("posted"),
        NotificationKind.MOVED: _("moved to another account: their page says where"),
    }
    return sentences.get(line.kind, _("has news for you"))


ROUTES: list[Route] = [
    get("/search", show_search, Access.SIGNED_IN),
    get("/tags/{tag}", show_tag, Access.SIGNED_IN),
    get("/notifications", show_notifications, Access.SIGNED_IN),
]
