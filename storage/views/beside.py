"""What stands beside the posts of a page: people, tags, files and polls.

Each kind is asked by one statement for the whole page, and a kind that few posts have only if a row
of the page says that there is one.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from sqlalchemy import and_, select

from domain.kinds import PostType
from storage.columns import any_of
from storage.queries import files, link_previews, polls
from storage.queries.actors import views
from storage.queries.files import FileRow
from storage.queries.link_previews import LinkPreview
from storage.queries.polls import Poll
from storage.tables.communities import cards
from storage.tables.posts import mentions, post_tags, posts
from storage.tx import Tx
from storage.views import named
from storage.views.actors import ActorView, by_id
from storage.views.named import Name
from storage.views.post_rows import PostRow, PostView, Tag, ViewerFlags

_card: Final = cards.alias("card")
_place: Final = posts.alias("place")
_MENTIONS: Final = (
    select(mentions.c.post_id, mentions.c.actor_id, mentions.c.silent, *named.columns(_card))
    .select_from(
        mentions.join(_place, _place.c.id == mentions.c.post_id).outerjoin(
            _card,
            and_(
                _card.c.community_id == _place.c.place_id, _card.c.actor_id == mentions.c.actor_id
            ),
        )
    )
    .where(any_of(mentions.c.post_id, "ids"))
    .order_by(mentions.c.post_id, mentions.c.actor_id)
)
_TAGS: Final = (
    select(post_tags.c.post_id, post_tags.c.tag, post_tags.c.name)
    .where(any_of(post_tags.c.post_id, "ids"))
    .order_by(post_tags.c.post_id, post_tags.c.tag)
)


class Found(Struct, gc=False):
    """A post's row, and what the same statement told about it."""

    row: PostRow
    parent_uri: str | None
    app_name: str | None
    flags: ViewerFlags = ViewerFlags()
    author_name: Name | None = None


def assembled(tx: Tx, ids: Iterable[int], found: list[Found], viewer_id: int = 0) -> list[PostView]:
    """The posts with these ids, in this order, with what stands beside each.

    A share is there only together with the post that it shares. `viewer_id`: whose own choices
    come along; 0: nobody's.
    """
    beside = _beside(tx, found, viewer_id)
    single = {item.row.id: item for item in found}
    views_by_id: dict[int, PostView] = {}
    for identifier in dict.fromkeys(ids):
        view = _view(identifier, single, beside)
        if view is not None:
            views_by_id[identifier] = view
    return list(views_by_id.values())


_Mentioned = tuple[int, Name | None]


class _Beside(Struct, gc=False):
    """What stands beside the posts of a page: people, tags, files, polls and links, by post."""

    people: dict[int, ActorView]
    named: dict[int, list[_Mentioned]]
    silent: dict[int, list[_Mentioned]]
    tags: dict[int, list[Tag]]
    files: dict[int, list[FileRow]]
    polls: dict[int, Poll]
    links: dict[int, LinkPreview]


def _beside(tx: Tx, found: list[Found], viewer_id: int) -> _Beside:
    ids = [item.row.id for item in found]
    mentioned: dict[int, list[_Mentioned]] = {}
    silent: dict[int, list[_Mentioned]] = {}
    tags: dict[int, list[Tag]] = {}
    people = {item.row.author_id for item in found}
    people |= {item.row.place_id for item in found if item.row.place_id is not None}
    for post_id, actor_id, is_silent, *card in tx.all(_MENTIONS, ids=ids):
        here = silent if is_silent else mentioned
        here.setdefault(post_id, []).append((actor_id, named.name_of(card)))
        people.add(actor_id)
    for post_id, folded, name in tx.all(_TAGS, ids=ids):
        tags.setdefault(post_id, []).append(Tag(folded, name))
    attached = files.of_posts(tx, ids)
    asking = [item.row.id for item in found if item.row.type is PostType.QUESTION]
    asked = polls.of_posts(tx, asking, viewer_id) if asking else {}
    linked = {item.row.link_id for item in found if item.row.link_id is not None}
    links = link_previews.by_ids(tx, linked) if linked else {}
    known = by_id(views(tx, sorted(people)))
    return _Beside(known, mentioned, silent, tags, attached, asked, links)


def _view(identifier: int, single: dict[int, Found], beside: _Beside) -> PostView | None:
    item = single.get(identifier)
    if item is None or item.row.author_id not in beside.people:
        return None
    original: PostView | None = None
    if item.row.share_of_id is not None:
        original = _view(item.row.share_of_id, single, beside)
        if original is None:
            return None
    return PostView(
        item.row,
        named.named(beside.people[item.row.author_id], item.author_name),
        _people(beside, beside.named.get(identifier)),
        _people(beside, beside.silent.get(identifier)),
        tuple(beside.tags.get(identifier, ())),
        item.parent_uri,
        original,
        item.app_name,
        original.flags if original else item.flags,
        beside.people.get(item.row.place_id or 0),
        tuple(file for file in beside.files.get(identifier, ()) if file.is_shown),
        beside.polls.get(identifier),
        link=beside.links.get(item.row.link_id or 0),
    )


def _people(beside: _Beside, mentioned: list[_Mentioned] | None) -> tuple[ActorView, ...]:
    return tuple(
        named.named(beside.people[each], card)
        for each, card in mentioned or ()
        if each in beside.people
    )
