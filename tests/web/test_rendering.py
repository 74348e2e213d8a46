"""A Status put together from bytes: what is kept of it, and what is its reader's own."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from domain.filters import Action, Filter, Match, Place
from domain.quotes import Standing
from storage.views.post_rows import MARKS, ViewerFlags
from web.fragments import Fragment
from web.mastodon.entities.statuses import STRANGER, OwnWords, listing, own_words, status

TEXTS = st.text(max_size=20).map(orjson.dumps)
FLAGS = st.booleans()
OWN = st.builds(own_words, st.integers(0, MARKS), st.sampled_from(Standing))
MATCH = Match(Filter(1, "words", Place.HOME, Action.WARN, None, ()), ("ladders",), ())


def piece(content: bytes, *, open_to_quotes: bool) -> Fragment:
    """A fixed part: with or without a place for the reader's standing."""
    said = b'{"content":' + content
    parts = (said + b',"may":"', b'"') if open_to_quotes else (said,)
    return Fragment(parts)


@given(TEXTS, FLAGS, OWN | st.just(STRANGER))
def test_the_end_that_is_ready_is_the_end_that_is_put_together(
    content: bytes, open_to_quotes: bool, own: OwnWords
) -> None:
    fixed = piece(content, open_to_quotes=open_to_quotes)
    made = status(fixed, own, quoted=b"null")  # with a quote the parts are joined one by one
    assert status(fixed, own) == made
    assert made.endswith(own.end)


@given(TEXTS, FLAGS, FLAGS, FLAGS, st.sampled_from(Standing), FLAGS, FLAGS)
def test_a_status_says_what_its_reader_did(
    content: bytes,
    liked: bool,
    shared: bool,
    pinned: bool,
    may_quote: Standing,
    bookmarked: bool,
    muted: bool,
) -> None:
    flags = ViewerFlags(liked, shared, pinned, bookmarked=bookmarked, muted=muted)
    own = own_words(flags.marks, may_quote)
    assert own is own_words(flags.marks, int(may_quote))
    fixed = piece(content, open_to_quotes=True)
    said = {
        "content": orjson.loads(content),
        "may": may_quote.name.lower(),
        "quote": None,
        "favourited": liked,
        "reblogged": shared,
        "pinned": pinned,
        "muted": muted,
        "bookmarked": bookmarked,
        "filtered": [],
    }
    assert orjson.loads(status(fixed, own)) == said | {"reblog": None}
    outer = orjson.loads(status(fixed, own, status(fixed, own, quoted=b"7"), filtered=[MATCH]))
    (match,) = outer["filtered"]
    assert match["keyword_matches"] == ["ladders"]
    inner = said | {"reblog": None, "quote": 7}
    assert outer == said | {"reblog": inner, "filtered": [match]}


def test_strangers_are_told_nothing_of_themselves() -> None:
    told = orjson.loads(status(piece(b'""', open_to_quotes=True), STRANGER))
    assert told == {"content": "", "may": "denied", "reblog": None, "quote": None}


@given(st.lists(TEXTS))
def test_a_listing_is_an_array(texts: list[bytes]) -> None:
    assert orjson.loads(listing(texts)) == [orjson.loads(text) for text in texts]
