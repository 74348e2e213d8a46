"""What a follower wants of somebody: their shares or not, the bell, some languages only."""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from domain.audience import Viewer
from domain.errors import Invalid
from storage.queries import accounts, follows, timelines
from storage.queries.follows import FollowRow
from storage.tx import Tx

MOST_LANGUAGES: Final = 50
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")


class Wishes(Struct, frozen=True):
    """What a follower wants to see of somebody; None leaves it as it is.

    `notify`: to be told of each post. `languages`: in which ones; none named, whatever comes.
    """

    shares: bool | None = None
    notify: bool | None = None
    languages: tuple[str, ...] | None = None


def said(languages: Iterable[str]) -> str:
    """Languages as they are stored. Raises Invalid for what is none."""
    found = dict.fromkeys(one.strip().lower() for one in languages if one.strip())
    if len(found) > MOST_LANGUAGES or any(not _LANGUAGE.fullmatch(one) for one in found):
        raise Invalid("Languages are named by codes such as en or pt-br", "languages")
    return " ".join(found)


def keep(tx: Tx, known: FollowRow, wishes: Wishes) -> None:
    """Change what a follower wants; what is at home already follows suit. Raises Invalid."""
    shares = known.shares if wishes.shares is None else wishes.shares
    notify = known.notify if wishes.notify is None else wishes.notify
    languages = known.languages if wishes.languages is None else said(wishes.languages)
    if (shares, notify, languages) == (known.shares, known.notify, known.languages):
        return
    pair = (known.follower_id, known.target_id)
    follows.set_wishes(tx, *pair, shares=shares, notify=notify, languages=languages)
    if known.is_accepted and (shares, languages) != (known.shares, known.languages):
        timelines.drop_unwanted(tx, *pair)
        fill_home(tx, *pair)


def fill_home(tx: Tx, follower_id: int, target_id: int) -> None:
    """Write somebody's newest posts into a follower's home, if one is kept."""
    if timelines.fresh_until(tx, follower_id) > tx.now:
        full = accounts.is_full_member(tx, follower_id)
        timelines.merge_author(tx, Viewer.local(follower_id, full=full), target_id)
