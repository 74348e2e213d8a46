"""What people filter, as Mastodon's Filter (v2), its older form (V1_Filter), and FilterResult."""

from collections.abc import Iterable
from typing import Final, Literal, TypedDict

from domain.filters import Action, Match, Place
from storage.queries.filters import FilteredPost, FilterRow, KeywordRow
from web.mastodon.entities.formats import Id, Moment
from web.mastodon.entities.times import moment

Context = Literal["home", "notifications", "public", "thread", "account"]
# Mastodon has `blur` as well; there are apps that drop every page on which they meet it
# (docs/decisions/0026).
FilterAction = Literal["warn", "hide"]

CONTEXTS: Final[dict[Context, Place]] = {
    "home": Place.HOME,
    "notifications": Place.NOTIFICATIONS,
    "public": Place.PUBLIC,
    "thread": Place.THREAD,
    "account": Place.ACCOUNT,
}
ACTIONS: Final[dict[Action, FilterAction]] = {Action.WARN: "warn", Action.HIDE: "hide"}


class FilterKeyword(TypedDict):
    """Words of a filter."""

    id: Id
    keyword: str
    whole_word: bool


class FilterStatus(TypedDict):
    """A single post that a filter names."""

    id: Id
    status_id: Id


class BareFilter(TypedDict):
    """A filter inside a FilterResult: without what it looks for."""

    id: Id
    title: str
    context: list[Context]
    expires_at: Moment | None
    filter_action: FilterAction


class Filter(BareFilter):
    """A filter as its owner edits it."""

    keywords: list[FilterKeyword]
    statuses: list[FilterStatus]


class V1Filter(TypedDict):
    """One keyword of a filter, as clients before Mastodon 4.0 know filters."""

    id: Id
    phrase: str
    context: list[Context]
    whole_word: bool
    expires_at: Moment | None
    irreversible: bool


class FilterResult(TypedDict):
    """A filter that matches a post, and why."""

    filter: BareFilter
    keyword_matches: list[str]
    status_matches: list[Id]


def contexts(places: int) -> list[Context]:
    """The places as clients call them."""
    return [name for name, place in CONTEXTS.items() if place & places]


def _moment(until: int | None) -> Moment | None:
    return None if until is None else moment(until)


def keyword(row: KeywordRow) -> FilterKeyword:
    """Words of a filter."""
    return {"id": str(row.id), "keyword": row.keyword, "whole_word": row.whole_word}


def filtered_post(row: FilteredPost) -> FilterStatus:
    """A post that a filter names."""
    return {"id": str(row.id), "status_id": str(row.post_id)}


def filter_(
    row: FilterRow, keywords: Iterable[KeywordRow], posts: Iterable[FilteredPost]
) -> Filter:
    """A filter with everything that it looks for."""
    return {
        "id": str(row.id),
        "title": row.title,
        "context": contexts(row.places),
        "expires_at": _moment(row.until),
        "filter_action": ACTIONS[row.action],
        "keywords": [keyword(each) for each in keywords],
        "statuses": [filtered_post(each) for each in posts],
    }


def v1(row: FilterRow, word: KeywordRow) -> V1Filter:
    """A keyword with its filter, in the older form."""
    return {
        "id": str(word.id),
        "phrase": word.keyword,
        "context": contexts(row.places),
        "whole_word": word.whole_word,
        "expires_at": _moment(row.until),
        "irreversible": row.action is Action.HIDE,
    }


def result(match: Match) -> FilterResult:
    """Why a post is filtered."""
    found = match.filter
    return {
        "filter": {
            "id": str(found.id),
            "title": found.title,
            "context": contexts(found.places),
            "expires_at": _moment(found.until),
            "filter_action": ACTIONS[found.action],
        },
        "keyword_matches": list(match.keywords),
        "status_matches": [str(post_id) for post_id in match.post_ids],
    }
