"""Filters as clients edit them: the current form (v2), and the older one with a keyword each (v1).

What is filtered is told with every Status (`entities.statuses`); clients act on it.
"""

from collections.abc import Iterable
from typing import Any, Final

from aiohttp.web import StreamResponse
from msgspec import UNSET, UnsetType

from domain.audience import Viewer
from domain.errors import Invalid
from domain.filters import Action, Place
from social import filters as use
from social.filters import Wish, Word
from storage.queries import filters as stored
from storage.queries.filters import FilterRow
from storage.tx import Tx
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.filters import (
    CONTEXTS,
    Filter,
    FilterKeyword,
    FilterStatus,
    V1Filter,
    filter_,
    filtered_post,
    keyword,
    v1,
)
from web.mastodon.entities.formats import Nothing
from web.params import Params
from web.responses import empty, json
from web.routes import Access, Route, change, delete, get, post

MOST_ROWS: Final = 500
"""Keywords that one request may say something about."""

# `blur` is Mastodon's third: kept as `warn`, which every app understands (docs/decisions/0026).
_ACTIONS: Final = {"warn": Action.WARN, "hide": Action.HIDE, "blur": Action.WARN}


# What was sent.


def _places(params: Params) -> Place | None:
    """The places named; nothing where there are none. Raises Invalid for a name that is none."""
    names = [name for name in params.many("context") if name]
    if not names:
        return Place(0) if params.is_said("context") else None
    known = {str(name): place for name, place in CONTEXTS.items()}
    if any(name not in known for name in names):
        raise Invalid(f"A filter applies in {', '.join(known)}", "context")
    places = Place(0)
    for name in names:
        places |= known[name]
    return places


def _action(params: Params) -> Action | None:
    name = params.maybe("filter_action")
    if name is not None and name not in _ACTIONS:
        raise Invalid(f"The action of a filter is one of {', '.join(_ACTIONS)}", "filter_action")
    return None if name is None else _ACTIONS[name]


def _seconds(params: Params) -> int | UnsetType | None:
    """For how long; `null` and an empty text mean until it is deleted."""
    if not params.is_said("expires_in"):
        return UNSET
    return params.integer("expires_in") or None


def _word(params: Params, *, name: str = "keyword") -> Word:
    return Word(
        text=params.text(name) if name in params else None,
        whole_word=params.maybe_flag("whole_word"),
    )


def _words(params: Params) -> list[Word]:
    rows = params.rows("keywords_attributes")
    if len(rows) > MOST_ROWS:
        raise Invalid(f"Send at most {MOST_ROWS} keywords at once", "keywords_attributes")
    return [
        Word(row.maybe_id("id"), word.text, word.whole_word, row.flag("_destroy"))
        for row in rows
        for word in (_word(row),)
    ]


def _wish(params: Params) -> Wish:
    title = params.text("title") if "title" in params else None
    return Wish(title, _places(params), _action(params), _seconds(params), _words(params))


# Filters, v2.


def _shown(tx: Tx, viewer: Viewer, rows: Iterable[FilterRow]) -> list[Filter]:
    """Filters with what they look for: two statements, however many."""
    filters = list(rows)
    ids = [row.id for row in filters]
    words, named = stored.keywords(tx, ids), stored.posts_of(tx, viewer, ids)
    return [
        filter_(
            row,
            (word for word in words if word.filter_id == row.id),
            (each for each in named if each.filter_id == row.id),
        )
        for row in filters
    ]


async def index(call: Call) -> StreamResponse:
    """GET /api/v2/filters: the own ones, those that have run out too."""
    return json(await call.read(_all, call.viewer))


def _all(tx: Tx, viewer: Viewer) -> list[Filter]:
    return _shown(tx, viewer, stored.of(tx, viewer.actor))


async def show(call: Call) -> StreamResponse:
    """GET /api/v2/filters/:id."""
    return json(await call.read(_one, call.viewer, call.id()))


def _one(tx: Tx, viewer: Viewer, filter_id: int) -> Filter:
    return _shown(tx, viewer, [use.find(tx, viewer.actor, filter_id)])[0]


async def create(call: Call) -> StreamResponse:
    """POST /api/v2/filters."""
    return json(await call.write(_create, call.viewer, _wish(call.params)))


def _create(tx: Tx, viewer: Viewer, wish: Wish) -> Filter:
    return _shown(tx, viewer, [use.make(tx, actor_id=viewer.actor, wish=wish)])[0]


async def update(call: Call) -> StreamResponse:
    """PUT /api/v2/filters/:id: what is not sent stays."""
    wish = _wish(call.params)
    return json(await call.write(_update, call.viewer, call.id(), wish))


def _update(tx: Tx, viewer: Viewer, filter_id: int, wish: Wish) -> Filter:
    row = use.change(tx, actor_id=viewer.actor, filter_id=filter_id, wish=wish)
    return _shown(tx, viewer, [row])[0]


async def remove(call: Call) -> StreamResponse:
    """DELETE /api/v2/filters/:id."""
    await call.write(use.delete, actor_id=call.person.actor_id, filter_id=call.id())
    return empty()


# Their keywords.


async def keywords(call: Call) -> StreamResponse:
    """GET /api/v2/filters/:filter_id/keywords."""
    return json((await call.read(_one, call.viewer, call.id()))["keywords"])


async def add_keyword(call: Call) -> StreamResponse:
    """POST /api/v2/filters/:filter_id/keywords."""
    word, actor_id = _word(call.params), call.person.actor_id
    row = await call.write(use.add_keyword, actor_id=actor_id, filter_id=call.id(), word=word)
    return json(keyword(row))


async def show_keyword(call: Call) -> StreamResponse:
    """GET /api/v2/filters/keywords/:id."""
    return json(keyword(await call.read(use.find_keyword, call.person.actor_id, call.id())))


async def update_keyword(call: Call) -> StreamResponse:
    """PUT /api/v2/filters/keywords/:id."""
    sent = _word(call.params)
    word = Word(call.id(), sent.text, sent.whole_word)
    row = await call.write(use.change_keyword, actor_id=call.person.actor_id, word=word)
    return json(keyword(row))


async def remove_keyword(call: Call) -> StreamResponse:
    """DELETE /api/v2/filters/keywords/:id."""
    await call.write(use.delete_keyword, actor_id=call.person.actor_id, keyword_id=call.id())
    return empty()


# Single posts that they name.


async def posts(call: Call) -> StreamResponse:
    """GET /api/v2/filters/:filter_id/statuses."""
    return json((await call.read(_one, call.viewer, call.id()))["statuses"])


async def add_post(call: Call) -> StreamResponse:
    """POST /api/v2/filters/:filter_id/statuses: a post that the caller may read."""
    post_id = call.params.maybe_id("status_id")
    if post_id is None:
        raise BadRequest("status_id is missing")
    row = await call.write(use.add_post, viewer=call.viewer, filter_id=call.id(), post_id=post_id)
    return json(filtered_post(row))


async def show_post(call: Call) -> StreamResponse:
    """GET /api/v2/filters/statuses/:id."""
    return json(filtered_post(await call.read(use.find_post, call.viewer, call.id())))


async def remove_post(call: Call) -> StreamResponse:
    """DELETE /api/v2/filters/statuses/:id: answers with what it was."""
    row = await call.write(use.delete_post, viewer=call.viewer, row_id=call.id())
    return json(filtered_post(row))


# Filters, v1: a view of the same, each keyword with its filter. The id is the keyword's.


async def index_v1(call: Call) -> StreamResponse:
    """GET /api/v1/filters."""
    return json(await call.read(_all_v1, call.person.actor_id))


def _all_v1(tx: Tx, actor_id: int) -> list[V1Filter]:
    rows = {row.id: row for row in stored.of(tx, actor_id)}
    return [v1(rows[word.filter_id], word) for word in stored.keywords(tx, list(rows))]


async def show_v1(call: Call) -> StreamResponse:
    """GET /api/v1/filters/:id."""
    return json(await call.read(_one_v1, call.person.actor_id, call.id()))


def _one_v1(tx: Tx, actor_id: int, keyword_id: int) -> V1Filter:
    word = use.find_keyword(tx, actor_id, keyword_id)
    return v1(use.find(tx, actor_id, word.filter_id), word)


def _wish_v1(params: Params) -> tuple[Wish, Word]:
    hide = params.maybe_flag("irreversible")
    action = None if hide is None else (Action.HIDE if hide else Action.WARN)
    word = _word(params, name="phrase")
    return Wish(None, _places(params), action, _seconds(params)), word


async def create_v1(call: Call) -> StreamResponse:
    """POST /api/v1/filters: a filter with one keyword, whose title is that keyword."""
    wish, word = _wish_v1(call.params)
    return json(await call.write(_create_v1, call.person.actor_id, wish, word))


def _create_v1(tx: Tx, actor_id: int, wish: Wish, word: Word) -> V1Filter:
    whole = False if word.whole_word is None else word.whole_word
    text = word.text or ""
    title, words = use.title_from(text), [Word(text=text, whole_word=whole)]
    whole_wish = Wish(title, wish.places, wish.action, wish.seconds, words)
    row = use.make(tx, actor_id=actor_id, wish=whole_wish)
    return v1(row, stored.keywords(tx, [row.id])[0])


async def update_v1(call: Call) -> StreamResponse:
    """PUT /api/v1/filters/:id."""
    wish, word = _wish_v1(call.params)
    found = Word(call.id(), word.text, word.whole_word)
    return json(await call.write(_update_v1, call.person.actor_id, wish, found))


def _update_v1(tx: Tx, actor_id: int, wish: Wish, word: Word) -> V1Filter:
    known = use.find_keyword(tx, actor_id, word.id or 0)
    was = use.find(tx, actor_id, known.filter_id)
    among = stored.keywords(tx, [was.id])
    title = use.title_from(word.text) if word.text and was.title == known.keyword else None
    row = use.change(
        tx,
        actor_id=actor_id,
        filter_id=was.id,
        wish=Wish(title, wish.places, wish.action, wish.seconds, [word]),
    )
    if len(among) > 1 and (row.places, row.action, row.until) != (
        *(was.places, was.action, was.until),
    ):
        raise Invalid("This filter has several keywords. Change it in an app that shows them all.")
    return v1(row, use.find_keyword(tx, actor_id, known.id))


async def remove_v1(call: Call) -> StreamResponse:
    """DELETE /api/v1/filters/:id: the keyword, and its filter if it looks for nothing else."""
    await call.write(_remove_v1, call.viewer, call.id())
    return empty()


def _remove_v1(tx: Tx, viewer: Viewer, keyword_id: int) -> None:
    row = use.delete_keyword(tx, actor_id=viewer.actor, keyword_id=keyword_id)
    ids = [row.filter_id]
    if not stored.keywords(tx, ids) and not stored.posts_of(tx, viewer, ids):
        use.delete(tx, actor_id=viewer.actor, filter_id=row.filter_id)


_V1: Final = "/api/v1/filters"
_V2: Final = "/api/v2/filters"
_READ: Final[Any] = (Access.ACCOUNT, "read:filters")
_WRITE: Final[Any] = (Access.ACCOUNT, "write:filters")

ROUTES: list[Route] = [
    get(_V2, index, *_READ, answers=list[Filter]),
    post(_V2, create, *_WRITE, answers=Filter),
    get(f"{_V2}/keywords/{{id}}", show_keyword, *_READ, answers=FilterKeyword),
    *change(f"{_V2}/keywords/{{id}}", update_keyword, *_WRITE, answers=FilterKeyword),
    delete(f"{_V2}/keywords/{{id}}", remove_keyword, *_WRITE, answers=Nothing),
    get(f"{_V2}/statuses/{{id}}", show_post, *_READ, answers=FilterStatus),
    delete(f"{_V2}/statuses/{{id}}", remove_post, *_WRITE, answers=FilterStatus),
    get(f"{_V2}/{{id}}", show, *_READ, answers=Filter),
    *change(f"{_V2}/{{id}}", update, *_WRITE, answers=Filter),
    delete(f"{_V2}/{{id}}", remove, *_WRITE, answers=Nothing),
    get(f"{_V2}/{{id}}/keywords", keywords, *_READ, answers=list[FilterKeyword]),
    post(f"{_V2}/{{id}}/keywords", add_keyword, *_WRITE, answers=FilterKeyword),
    get(f"{_V2}/{{id}}/statuses", posts, *_READ, answers=list[FilterStatus]),
    post(f"{_V2}/{{id}}/statuses", add_post, *_WRITE, answers=FilterStatus),
    get(_V1, index_v1, *_READ, answers=list[V1Filter]),
    post(_V1, create_v1, *_WRITE, answers=V1Filter),
    get(f"{_V1}/{{id}}", show_v1, *_READ, answers=V1Filter),
    *change(f"{_V1}/{{id}}", update_v1, *_WRITE, answers=V1Filter),
    delete(f"{_V1}/{{id}}", remove_v1, *_WRITE, answers=Nothing),
]
