"""Previews of the pages to which posts link: a title, a description, a picture.

The first link of a post that leads off this node is looked at by a job, as anybody. Not of posts
for followers or for named people: their page would learn from our visit that somebody talks of it,
and some addresses work once. And what is not public to the world is looked at by the node where it
was written alone, so that its page does not learn which nodes read it
(docs/decisions/0029-link-previews-and-later-posts.md).
"""

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from typing import Final

import structlog
from msgspec.structs import asdict, replace

from domain.addresses import Url
from domain.audience import Kind
from domain.ids import HERE
from domain.web_pages import Said, is_page, linked_pages, page_address, read_page, with_oembed
from federation import pages
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from social.events import announce, edited
from social.proxying import Proxy, on_page
from storage.queries import accounts, link_previews, origins, posts
from storage.queries.link_previews import LinkPreview
from storage.tx import Tx
from storage.views.post_rows import PostRow

log = structlog.get_logger("social")

LOOK: Final = "look_at_page"
"""The job that looks at a page; its payload names the preview."""

FRESH_MS: Final = 14 * 24 * 3_600_000
"""For how long a page is believed to say what it said; a new link to it looks again."""

REST_MS: Final = 3_600_000
"""For how long a page that could not be had is left alone."""

LATE_MS: Final = 6 * 3_600_000
"""After which nobody waits for a preview any more: many links at once are no way to occupy us."""

SPREAD_MS: Final = 20_000
"""Over which the nodes that got a public post at the same moment look at its page."""

AT_ONCE: Final = 4
MOST_TOLD: Final = 10
"""Posts of which streams are told that they have a preview now."""

ACCEPT_OEMBED: Final = "application/json"
LARGEST_OEMBED: Final = 64 << 10

_LOOKED_AT: Final = frozenset({Kind.PUBLIC, Kind.NETWORK, Kind.NODE, Kind.COMMUNITY})


def with_link(tx: Tx, row: PostRow) -> PostRow:
    """A post as it is stored: with the preview of the page to which it links, if there is one."""
    return with_links(tx, [row])[0]


def with_links(tx: Tx, rows: Sequence[PostRow]) -> list[PostRow]:
    """The same for many, for one audience: each page is looked up once, in one order, so that two
    units of work that link to the same pages never wait for each other.
    """
    pages = _pages(tx, rows)
    linking = {page: row for page, row in zip(pages, rows, strict=True) if page is not None}
    ids = {page: _preview(tx, linking[page], page) for page in sorted(linking)}
    return [
        row if page is None else replace(row, link_id=ids[page])
        for page, row in zip(pages, rows, strict=True)
    ]


def renew(tx: Tx, post_id: int) -> None:
    """A post was edited: it may link to another page now, or to none."""
    row = posts.by_id(tx, post_id)
    if row is None:
        return
    link_id = _link_of(tx, row)
    if link_id != row.link_id:
        link_previews.set_link(tx, post_id, link_id)


def _link_of(tx: Tx, row: PostRow) -> int | None:
    page = _pages(tx, [row])[0]
    return None if page is None else _preview(tx, row, page)


def _pages(tx: Tx, rows: Sequence[PostRow]) -> list[str | None]:
    """For each post the address of the page that it shows, if it shows one."""
    found: dict[tuple[str, ...], str | None] = {}
    pages: list[str | None] = []
    for row in rows:
        links = linked_pages(row.content) if _may_show_a_page(row) else ()
        if not links:
            pages.append(None)
            continue
        said = (row.quote_uri or "", *links)
        if said not in found:
            found[said] = _first_page(tx, row.quote_uri, links)
        pages.append(found[said])
    return pages


def _may_show_a_page(row: PostRow) -> bool:
    if row.is_world_public:
        return True
    return row.is_local and {row.kind, row.root_kind} <= _LOOKED_AT


def _preview(tx: Tx, row: PostRow, page: str) -> int:
    """The preview of a page, for the readers of a post; who makes us look makes us look."""
    preview = link_previews.of(tx, page, row.audience)
    if _is_due(preview, tx.now) and _may_make_us_look(tx, row):
        wait = 0 if row.is_local else random.randrange(SPREAD_MS)  # noqa: S311 - no secret
        about = preview.owner_id if preview.kind is Kind.COMMUNITY else None
        run_at, unique = tx.now + wait, f"{LOOK} {preview.id}"
        enqueue(tx, LOOK, {"preview": preview.id}, run_at=run_at, unique=unique, about=about)
    return preview.id


def _may_make_us_look(tx: Tx, row: PostRow) -> bool:
    """Guests make this node ask nobody: what they link to is shown once a member links to it."""
    return not row.is_local or accounts.is_full_member(tx, row.author_id)


def _first_page(tx: Tx, quote_uri: str | None, links: Sequence[str]) -> str | None:
    """The first link that leads to a page elsewhere, and not to what the post quotes."""
    here = origins.by_id(tx, HERE)
    for text in links:
        url = page_address(text)
        if url is None or text == quote_uri:
            continue
        if here is None or url.origin != here.origin:
            return str(url)
    return None


def _is_due(preview: LinkPreview, now: int) -> bool:
    if preview.tried_at is None:
        return True
    rest = REST_MS if preview.fetched_at is None else FRESH_MS
    return now - preview.tried_at > rest


async def look(fetcher: Fetcher, proxy: Proxy, preview_id: int) -> bool:
    """Look at a page, unless that was done or nobody links to it; whether it says something.

    Its picture is brought at once: its server is not to learn when somebody reads.
    """
    db = fetcher.db
    preview = await db.read(_wanted, preview_id)
    url = page_address(preview.url) if preview is not None else None
    if preview is None or url is None or not fetcher.node.looks_at_pages:
        return False
    try:
        said = await _said(fetcher, url)
        said = await _with_picture(proxy, said)
    except CannotFetch as problem:
        log.info("page not looked at", reason=problem.reason)
        await db.write(link_previews.failed, preview_id)
        return False
    except Exception:
        await db.write(link_previews.failed, preview_id)
        raise
    await db.write(_came, preview_id=preview_id, said=said)
    return bool(said.title)


def _wanted(tx: Tx, preview_id: int) -> LinkPreview | None:
    preview = link_previews.by_id(tx, preview_id)
    if preview is None or not _is_due(preview, tx.now):
        return None
    return preview if link_previews.linking(tx, preview_id, 1) else None


async def _said(fetcher: Fetcher, url: Url) -> Said:
    """What the page says of itself. Raises CannotFetch."""
    answer = await pages.beginning(fetcher, url)
    if not is_page(answer.content_type):
        raise CannotFetch("no page")
    page = await asyncio.to_thread(read_page, answer.body, answer.content_type, answer.url)
    more = page_address(page.oembed)
    if more is None:
        return page.said
    try:
        told = await pages.beginning(fetcher, more, accept=ACCEPT_OEMBED, cap=LARGEST_OEMBED)
    except CannotFetch:
        return page.said
    return with_oembed(page.said, told.body, told.url)


async def _with_picture(proxy: Proxy, said: Said) -> Said:
    """The same, its picture being here under the address that is told; or none."""
    image = on_page(said.image)
    if said.image and said.title and await proxy.bring(image):
        return replace(said, image=image)
    return replace(said, image="", width=0, height=0)


def _came(tx: Tx, *, preview_id: int, said: Said) -> None:
    link_previews.came(tx, preview_id, asdict(said))
    link_previews.touch(tx, preview_id)
    if said.title:
        for post_id in link_previews.linking(tx, preview_id, MOST_TOLD):
            announce(tx, edited(post_id))


def job_handlers(fetcher: Fetcher, proxy: Proxy) -> dict[str, Handler]:
    """The kind of job, for the worker."""
    return {LOOK: Each(partial(_run, fetcher, proxy), attempts=1, limit=AT_ONCE)}


async def _run(fetcher: Fetcher, proxy: Proxy, job: Job) -> Decision:
    now = fetcher.now_ms()
    if now - job.created_at < LATE_MS:
        await look(fetcher, proxy, int(job.payload["preview"]))
    return None
