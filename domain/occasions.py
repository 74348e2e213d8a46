"""When and where something happens, in words: what a post of the kind Event tells its readers.

Times are told in the zone of the event, never in a reader's: apps show the text as it is.
"""

from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


class Venue(Struct, frozen=True):
    """Where it is: a name, an address in one line, and where to find it on the web."""

    name: str = ""
    address: str = ""
    url: str | None = None

    @property
    def words(self) -> str:
        """Its name and address, without saying anything twice."""
        parts = [self.name, *(self.address.split(", ") if self.address else [])]
        return ", ".join(dict.fromkeys(part for part in parts if part))


class Occasion(Struct, frozen=True, kw_only=True):
    """An event as its server describes it. `zone` is a name as in the tz database, if it says one.

    `is_cancelled`, `is_uncertain`: it will not take place, or might not.
    """

    start: datetime | None = None
    end: datetime | None = None
    zone: str | None = None
    venues: tuple[Venue, ...] = ()
    sign_up: str | None = None
    is_cancelled: bool = False
    is_uncertain: bool = False


def when(occasion: Occasion) -> str:
    """`Thursday 3 December 2026, 15:00-16:00 (Europe/Berlin)`; nothing if no start is known."""
    if occasion.start is None:
        return ""
    zone, name = _zone(occasion)
    start = occasion.start.astimezone(zone)
    said = f"{_day(start)}, {_hour(start)}"
    if occasion.end is not None and occasion.end > occasion.start:
        end = occasion.end.astimezone(zone)
        same_day = end.date() == start.date()
        said += f"–{_hour(end)}" if same_day else f" – {_day(end)}, {_hour(end)}"
    return f"{said} ({name})"


def _zone(occasion: Occasion) -> tuple[tzinfo | None, str]:
    """The zone in which it is told, and how that is called."""
    if occasion.zone:
        try:
            return ZoneInfo(occasion.zone), occasion.zone
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass  # a name that nobody here knows: the start has an offset of its own
    start = occasion.start
    own = start.tzinfo if start is not None else None
    return own, str(own) if own is not None else "UTC"


def _day(at: datetime) -> str:
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}"


def _hour(at: datetime) -> str:
    return f"{at.hour:02}:{at.minute:02}"


def length(seconds: int) -> str:
    """How long something plays: `12:34`, `1:02:03`."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
