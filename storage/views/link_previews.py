"""Pages to which people link: who wrote about one, and which are talked about these days.

As one viewer: what the viewer may not read counts nowhere, and an address that only others may know
of is as unknown as one that nobody ever linked to (security.md G13, G24).
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, func, or_, select

from domain.audience import Kind, Viewer
from domain.ids import HERE, snowflake
from domain.kinds import Limit
from storage.audience import BOUND, alive, fixed, readable, viewer_params, welcome
from storage.columns import Id
from storage.queries import link_previews as stored
from storage.queries.link_previews import LinkPreview, key_of
from storage.tables.actors import actors
from storage.tables.link_previews import link_previews
from storage.tables.posts import posts
from storage.tx import Tx
from storage.views.entries import (
    FIRST_HAND,
    FROM_HERE,
    LISTED,
    Entry,
    entries_of,
    flag,
    pages_of,
    post,
)
from storage.views.paging import Page
from storage.views.trends import is_full, reach

DAY_MS: Final = 86_400_000
DAYS: Final = 7
"""For how many days figures are told (Mastodon API, Trends::Link)."""

LOOKED_AT: Final = 5_000
"""The newest posts that the ranking is made of, at most."""

PEOPLE: Final = 2
"""So many people make a trend: one alone is never shown as one."""

_LINKING: Final = pages_of(
    post.join(link_previews, link_previews.c.id == post.c.link_id),
    post.c.id,
    link_previews.c.key == bindparam("link"),
    # As much as the posts themselves, and before them: how long it takes tells of no others.
    or_(link_previews.c.kind == fixed(Kind.PUBLIC), BOUND.full),
    or_(flag("from_anywhere"), FROM_HERE),
    LISTED,
    FIRST_HAND,
)


def link_page(tx: Tx, viewer: Viewer, page: Page, *, url: str) -> list[Entry]:
    """Listed posts that link to this page (`domain.web_pages.page_address`), answers too."""
    return entries_of(tx, _LINKING, viewer, page, link=key_of(url), from_anywhere=viewer.full)


_linking: Final = posts.alias("linking")  # those with a link alone, read from their index
_post: Final = posts.alias("post")
_author: Final = actors.alias("author")


def _talk(*, full: bool) -> Select[str, int, int, int, int]:
    recent = (
        select(
            _post.c.link_id,
            _post.c.author_id,
            _post.c.created_at.op("/")(fixed(DAY_MS)).label("day"),
        )
        .select_from(
            _linking.join(_post, _post.c.id == _linking.c.id).join(
                _author, _author.c.id == _post.c.author_id
            )
        )
        .where(
            _linking.c.link_id.is_not(None),
            _linking.c.id > bindparam("since", type_=Id),
            reach(_post.c.kind, full=full),
            ~_post.c.quiet,
            ~_post.c.sensitive,
            _post.c.share_of_id.is_(None),
            alive(_post),
            or_(BOUND.full, _post.c.origin_id == fixed(HERE)),
            readable(_post),
            _author.c.limited == fixed(Limit.NONE),
            welcome(_post.c.author_id),
        )
        .order_by(_linking.c.id.desc())
        .limit(fixed(LOOKED_AT))
        .subquery("recent")
    )
    return (
        select(
            link_previews.c.key,
            func.max(link_previews.c.id),
            recent.c.day,
            recent.c.author_id,
            func.count(),
        )
        .select_from(recent.join(link_previews, link_previews.c.id == recent.c.link_id))
        .where(link_previews.c.title != "")
        .group_by(link_previews.c.key, recent.c.day, recent.c.author_id)
    )


# By whether a full member asks: others look only at what is the world's, as in `trends`.
_TALK: Final = {full: _talk(full=full) for full in (True, False)}


class Day(Struct, frozen=True, gc=False):
    """How much a page was linked on one day (UTC): `begins` in ms; posts, and people who wrote."""

    begins: int
    uses: int = 0
    people: int = 0


class TrendingLink(Struct, frozen=True, gc=False):
    """A page that several people link to these days, and how much on each, today first."""

    preview: LinkPreview
    days: list[Day]


class _Talk(Struct):
    """What is gathered about one page: its newest preview, and who linked how often on a day."""

    preview_id: int = 0
    uses: dict[tuple[int, int], int] = {}

    def weight(self, today: int) -> float:
        """People count, not posts, and today more than last week."""
        return sum(1 / (1 + max(0, today - day)) for day, _ in self.uses)

    @property
    def people(self) -> int:
        return len({author for _, author in self.uses})

    def on(self, day: int) -> Day:
        those = [uses for (when, _), uses in self.uses.items() if when == day]
        return Day(day * DAY_MS, sum(those), len(those))


def trending(tx: Tx, viewer: Viewer, *, limit: int, offset: int = 0) -> list[TrendingLink]:
    """Pages to which several people link these days, the liveliest first. Two statements."""
    talks: dict[str, _Talk] = {}
    since = max(0, snowflake(max(0, tx.now - DAYS * DAY_MS), 0))
    rows = tx.all(_TALK[is_full(viewer)], **viewer_params(viewer), now=tx.now, since=since)
    for key, preview_id, day, author_id, uses in rows:
        talk = talks.setdefault(key, _Talk())
        talk.preview_id = max(talk.preview_id, preview_id)
        talk.uses[day, author_id] = uses
    today = tx.now // DAY_MS
    several = [(key, talk) for key, talk in talks.items() if talk.people >= PEOPLE]
    several.sort(key=lambda found: (-found[1].weight(today), found[0]))
    chosen = [talk for _, talk in several[offset : offset + limit]]
    previews = stored.by_ids(tx, [talk.preview_id for talk in chosen])
    return [
        TrendingLink(previews[talk.preview_id], [talk.on(today - ago) for ago in range(DAYS)])
        for talk in chosen
    ]
