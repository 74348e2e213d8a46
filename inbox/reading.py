"""Activities that were just read, kept for the job that is about to process them.

What the endpoint parsed is what processing acts on: the bytes are read again only after a restart,
by another process, or when more waits than fits here.
"""

from typing import Final

from activitypub.json import parse
from activitypub.parse.activities import Activity, parse_activity

#: Bytes of a body that are read at all (D01), and bytes whose readings are kept.
LARGEST: Final = 256 << 10
KEPT: Final = 4 << 20


def read(body: bytes) -> Activity:
    """The activity in signed bytes. Raises MalformedDocument."""
    return parse_activity(parse(body, max_bytes=LARGEST))


class Readings:
    """A bounded memory from intake ids to what was read; the oldest go first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._size = 0
        self._entries: dict[int, tuple[Activity, int]] = {}

    def put(self, intake_id: int, activity: Activity, size: int) -> None:
        """Keep what was read out of `size` bytes."""
        self._entries[intake_id] = (activity, size)
        self._size += size
        while self._size > self._kept:
            self.take(next(iter(self._entries)))

    def take(self, intake_id: int) -> Activity | None:
        """What was read, once; None if it is not kept."""
        entry = self._entries.pop(intake_id, None)
        if entry is None:
            return None
        self._size -= entry[1]
        return entry[0]


#: Of this process. Ids never repeat, so nodes in one process (tests) do not mix.
readings: Final = Readings()
