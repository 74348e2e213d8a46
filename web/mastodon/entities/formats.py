"""What the fields of the entities hold, for those who read the types and for the tests.

The entities of the Mastodon API are `TypedDict`s beside the functions that render them, with these
names in place of bare `str` and `int`. Type checking sees that every documented field is rendered;
the tests make strict schemas of the same types and hold every answer against them: typed clients
drop a whole page over one field that is missing, null or misspelt (mastodon-api.md §2).
"""

from typing import Annotated, Final, TypedDict

ID: Final = "id"
NAME: Final = "name"
MOMENT: Final = "moment"
DAY: Final = "day"
ADDRESS: Final = "address"
COUNT: Final = "count"
OWN: Final = "own"

Id = Annotated[str, ID]
"""Decimal digits in a string, of a 64-bit number."""

ListId = Annotated[str, NAME]
"""An id of which clients may expect nothing: `g` and digits are one, too."""

Moment = Annotated[str, MOMENT]
"""ISO 8601 in UTC with exactly three fraction digits (`entities.times.moment`)."""

Day = Annotated[str, DAY]
"""`2026-11-22`."""

Address = Annotated[str, ADDRESS]
"""An absolute address, http(s) or ws(s)."""

Count = Annotated[int, COUNT]
"""A whole number from zero on."""

OwnFlag = Annotated[bool, OWN]
"""A viewer's own flag (`NotRequired`): there if a person asks, absent for anybody else."""

OwnNumbers = Annotated[list[int], OWN]
"""What the viewer chose (`NotRequired`), likewise."""


class Nothing(TypedDict):
    """Done, with nothing to tell: `{}`."""


class Figure(TypedDict):
    """A count, alone."""

    count: Count
