"""Tags on one's own page: what somebody writes about, chosen by that person."""

from typing import Final

from domain.errors import Invalid, NotFound
from domain.text import fold_tag, hashtags
from storage.queries import featured_tags
from storage.queries.featured_tags import FeaturedTag
from storage.tx import Tx
from storage.views import trends

MOST: Final = 10
"""Tags on one page (Mastodon's limit)."""
SUGGESTED: Final = 10


def feature(tx: Tx, *, actor_id: int, name: str) -> FeaturedTag:
    """Put a tag on the own page, with or without its `#`; the same one if it stands there.

    Raises:
        Invalid: it is no tag, or one too many.
    """
    typed = name.strip().removeprefix("#")
    if hashtags(f"#{typed}") != [typed]:
        raise Invalid("Validation failed: a tag is one word of letters and digits", "name")
    folded = fold_tag(typed)
    tx.lock(f"featured {actor_id}")
    known = _find(tx, actor_id, folded)
    if known is not None:
        return known
    if featured_tags.count(tx, actor_id) >= MOST:
        raise Invalid(f"You can show {MOST} tags on your page. Take one down first", "name")
    featured_tags.add(tx, actor_id, folded, typed)
    stored = _find(tx, actor_id, folded)
    if stored is None:
        raise NotFound
    return stored


def _find(tx: Tx, actor_id: int, folded: str) -> FeaturedTag | None:
    return next((each for each in featured_tags.of(tx, actor_id) if each.tag == folded), None)


def unfeature(tx: Tx, *, actor_id: int, name: str) -> None:
    """Take a tag, with or without its `#`, off the own page; nothing happens if it is not there."""
    featured_tags.remove(tx, actor_id, fold_tag(name.strip().removeprefix("#")))


def unfeature_by_id(tx: Tx, *, actor_id: int, featured_id: int) -> None:
    """The same by the id that it has on the page.

    Raises:
        NotFound: nothing on the own page has this id.
    """
    if not featured_tags.remove_by_id(tx, actor_id, featured_id):
        raise NotFound


def suggested(tx: Tx, *, actor_id: int) -> list[str]:
    """Tags (folded) that somebody uses most and does not show; for that person alone."""
    used = trends.used_by(tx, actor_id, SUGGESTED + MOST)
    shown = featured_tags.among(tx, actor_id, used)
    return [tag for tag in used if tag not in shown][:SUGGESTED]
