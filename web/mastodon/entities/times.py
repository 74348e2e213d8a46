"""Times as clients parse them: ISO 8601, UTC, exactly three fraction digits."""

from datetime import UTC, datetime
from typing import Final

_LAST: Final = 253_402_300_799_999  # the end of the year 9999; a stored time breaks no page


def moment(ms: int) -> str:
    """Milliseconds since 1970 as `2026-11-22T09:00:00.000Z`; some clients accept nothing else."""
    ms = min(max(ms, 0), _LAST)
    stamp = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{ms % 1000:03}Z"


def midnight(ms: int) -> str:
    """The day of a moment, as accounts show when they were made."""
    return moment(ms - ms % 86_400_000)


def day(ms: int) -> str:
    """The date alone, `2026-11-22`."""
    return moment(ms)[:10]
