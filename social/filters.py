"""People's filters: made, changed, deleted by their owner; every change is told to open clients.

Every function raises NotFound for what is not there or is somebody else's, and Invalid for what no
filter can be, or where there are enough.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from domain.audience import Viewer
from domain.errors import Invalid, NotFound
from domain.filters import Action, Keyword, Place, folded, is_one_word
from social.events import Event, EventKind
from social.streaming import announce
from storage.queries import filters
from storage.queries.filters import FilteredPost, FilterRow, KeywordRow
from storage.tx import Tx
from storage.views.posts import visible

LONGEST_TITLE: Final = 256
LONGEST_KEYWORD: Final = 512
LONGEST_TERM_S: Final = 100 * 365 * 24 * 3600
MOST_FILTERS: Final = 200
MOST_KEYWORDS: Final = 500
MOST_PHRASES: Final = 100
"""Keywords that are more than one word, or part of one: each is looked for in all of a post."""

MOST_POSTS: Final = 1000
"""What one person has in all: every page of theirs is looked through for it."""


class Word(Struct, frozen=True):
    """What a client says of one keyword: a new one, or by its `id` one that is there.

    `gone`: it is to be removed. What is None stays, or is the default.
    """

    id: int | None = None
    text: str | None = None
    whole_word: bool | None = None
    gone: bool = False


class Wish(Struct, frozen=True):
    """What a filter is to say; what is not set stays. `seconds` None: until it is deleted."""

    title: str | None = None
    places: Place | None = None
    action: Action | None = None
    seconds: int | UnsetType | None = UNSET
    words: Sequence[Word] = ()


def make(tx: Tx, *, actor_id: int, wish: Wish) -> FilterRow:
    """A new filter."""
    _alone(tx, actor_id)
    if filters.count(tx, actor_id) >= MOST_FILTERS:
        raise Invalid(f"You can have {MOST_FILTERS} filters. Delete one first.")
    row = filters.add(
        tx,
        actor_id=actor_id,
        title=_title(wish.title or ""),
        places=_places(wish.places),
        action=wish.action or Action.WARN,
        until=_until(tx, None, wish),
    )
    _say(tx, actor_id, row, wish.words)
    _changed(tx, actor_id)
    return row


def change(tx: Tx, *, actor_id: int, filter_id: int, wish: Wish) -> FilterRow:
    """What one of the own filters says from now on."""
    _alone(tx, actor_id)
    was = find(tx, actor_id, filter_id)
    row = replace(
        was,
        title=was.title if wish.title is None else _title(wish.title),
        places=was.places if wish.places is None else int(_places(wish.places)),
        action=was.action if wish.action is None else wish.action,
        until=_until(tx, was.until, wish),
    )
    filters.change(tx, row)
    _say(tx, actor_id, row, wish.words)
    _changed(tx, actor_id)
    return row


def delete(tx: Tx, *, actor_id: int, filter_id: int) -> None:
    """Delete one of the own filters, with everything that it looks for."""
    _alone(tx, actor_id)
    filters.remove(tx, [find(tx, actor_id, filter_id).id])
    _changed(tx, actor_id)


def find(tx: Tx, actor_id: int, filter_id: int) -> FilterRow:
    """One of the own filters."""
    row = filters.find(tx, actor_id, filter_id)
    if row is None:
        raise NotFound
    return row


# Words.


def find_keyword(tx: Tx, actor_id: int, keyword_id: int) -> KeywordRow:
    """A keyword of one of the own filters."""
    row = filters.find_keyword(tx, actor_id, keyword_id)
    if row is None:
        raise NotFound
    return row


def add_keyword(tx: Tx, *, actor_id: int, filter_id: int, word: Word) -> KeywordRow:
    """One more keyword."""
    _alone(tx, actor_id)
    row = _add_word(tx, actor_id, find(tx, actor_id, filter_id), word)
    _few_phrases(tx, actor_id)
    _changed(tx, actor_id)
    return row


def change_keyword(tx: Tx, *, actor_id: int, word: Word) -> KeywordRow:
    """Another text, or another way of looking for it; `word.id` says which."""
    _alone(tx, actor_id)
    row = _changed_word(find_keyword(tx, actor_id, word.id or 0), word)
    filters.change_keyword(tx, row)
    _few_phrases(tx, actor_id)
    _changed(tx, actor_id)
    return row


def delete_keyword(tx: Tx, *, actor_id: int, keyword_id: int) -> KeywordRow:
    """One keyword less; which it was."""
    _alone(tx, actor_id)
    row = find_keyword(tx, actor_id, keyword_id)
    filters.remove_keyword(tx, row.id)
    _changed(tx, actor_id)
    return row


def _say(tx: Tx, actor_id: int, row: FilterRow, words: Sequence[Word]) -> None:
    """Keywords as they came with their filter: added, changed, removed."""
    for word in words:
        if word.id is None:
            if not word.gone:
                _add_word(tx, actor_id, row, word)
            continue
        known = find_keyword(tx, actor_id, word.id)
        if known.filter_id != row.id:
            raise NotFound
        if word.gone:
            filters.remove_keyword(tx, known.id)
        else:
            filters.change_keyword(tx, _changed_word(known, word))
    if words:
        _few_phrases(tx, actor_id)


def _add_word(tx: Tx, actor_id: int, row: FilterRow, word: Word) -> KeywordRow:
    if filters.count_keywords(tx, actor_id) >= MOST_KEYWORDS:
        raise Invalid(f"You can filter {MOST_KEYWORDS} keywords. Delete one first.", "keyword")
    whole = True if word.whole_word is None else word.whole_word
    return filters.add_keyword(tx, row.id, _text(word.text or ""), whole_word=whole)


def _changed_word(was: KeywordRow, word: Word) -> KeywordRow:
    return replace(
        was,
        keyword=was.keyword if word.text is None else _text(word.text),
        whole_word=was.whole_word if word.whole_word is None else word.whole_word,
    )


# Single posts.


def find_post(tx: Tx, viewer: Viewer, row_id: int) -> FilteredPost:
    """A post that one of the own filters names, while it may be read."""
    row = filters.find_post(tx, viewer, row_id)
    if row is None:
        raise NotFound
    return row


def add_post(tx: Tx, *, viewer: Viewer, filter_id: int, post_id: int) -> FilteredPost:
    """Let a filter name a post that its owner may read; again changes nothing."""
    _alone(tx, viewer.actor)
    row = find(tx, viewer.actor, filter_id)
    post = visible(tx, post_id, viewer)
    if filters.count_posts(tx, viewer.actor) >= MOST_POSTS:
        raise Invalid(f"You can filter {MOST_POSTS} single posts. Remove one first.", "status_id")
    named = filters.add_post(tx, row.id, post.shown.id)
    _changed(tx, viewer.actor)
    return named


def delete_post(tx: Tx, *, viewer: Viewer, row_id: int) -> FilteredPost:
    """Name a post no longer; what it was."""
    row = find_post(tx, viewer, row_id)
    filters.remove_post(tx, row.id)
    _changed(tx, viewer.actor)
    return row


# What a filter can be.


def _alone(tx: Tx, actor_id: int) -> None:
    """Let nobody else change this person's filters until we are through; before anything is read.

    Else two pass a limit at once, or words are added to a filter that is deleted meanwhile.
    """
    tx.lock(f"filters {actor_id}")


def _few_phrases(tx: Tx, actor_id: int) -> None:
    known = filters.keywords(tx, [row.id for row in filters.of(tx, actor_id)])
    phrases = [each for each in known if not is_one_word(Keyword(each.keyword, each.whole_word))]
    if len(phrases) > MOST_PHRASES:
        raise Invalid(
            f"You can filter {MOST_PHRASES} keywords that are no whole words. Delete one first.",
            "keyword",
        )


def _changed(tx: Tx, actor_id: int) -> None:
    announce(tx, Event(EventKind.FILTERS_CHANGED, 0, actor_id))


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise Invalid("A filter needs a title", "title")
    if len(title) > LONGEST_TITLE:
        raise Invalid(f"A title has at most {LONGEST_TITLE} characters", "title")
    return title


def title_from(text: str) -> str:
    """The title of a filter that a client knows by its only keyword."""
    return _text(text)[:LONGEST_TITLE]


def _text(text: str) -> str:
    text = text.strip()
    if not folded(text):
        raise Invalid("A keyword needs at least one character", "keyword")
    if len(text) > LONGEST_KEYWORD:
        raise Invalid(f"A keyword has at most {LONGEST_KEYWORD} characters", "keyword")
    return text


def _places(places: Place | None) -> Place:
    if not places:
        raise Invalid("Choose at least one place where the filter applies", "context")
    return places


def _until(tx: Tx, was: int | None, wish: Wish) -> int | None:
    if isinstance(wish.seconds, UnsetType):
        return was
    if not wish.seconds:
        return None
    if not 0 < wish.seconds <= LONGEST_TERM_S:
        raise Invalid("A filter cannot end at that time", "expires_in")
    return tx.now + wish.seconds * 1000
