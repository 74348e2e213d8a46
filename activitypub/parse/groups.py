"""What a community says of itself and of a membership, in an Accept or Invite of its own."""

from typing import Any, Final, TypeVar

from activitypub.groups import HISTORIES, JOININGS, PRESETS, Terms
from activitypub.json import JsonObject
from activitypub.parse.fields import moment
from domain.html import clean_text
from domain.kinds import History, Joining, Preset

LONGEST_PURPOSE: Final = 2_000
T = TypeVar("T")


def parse_terms(result: JsonObject | None) -> Terms:
    """Read what is said; what is missing or unknown is read as what shows less."""
    said = result or {}
    purpose = said.get("tertulia:purpose")
    return Terms(
        preset=_named(PRESETS, said.get("tertulia:preset"), Preset.PARTNERS),
        joining=_named(JOININGS, said.get("tertulia:joining"), Joining.BY_REQUEST),
        history=_named(HISTORIES, said.get("tertulia:history"), History.SINCE_JOINING),
        listed=said.get("tertulia:listed") is True,
        purpose=clean_text(purpose, limit=LONGEST_PURPOSE) if isinstance(purpose, str) else "",
        since=moment(said.get("startTime")),
        until=moment(said.get("endTime")),
    )


def _named(words: dict[T, str], raw: Any, default: T) -> T:
    return next((value for value, word in words.items() if word == raw), default)
