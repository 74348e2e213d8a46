"""Reading what was signed: the same way when it arrives and when its job runs (S23)."""

from typing import Final

from activitypub.json import parse
from activitypub.parse.activities import Activity, parse_activity

#: Bytes of a body that are read at all (D01).
LARGEST: Final = 256 << 10


def read(body: bytes) -> Activity:
    """The activity in signed bytes. Raises MalformedDocument."""
    return parse_activity(parse(body, max_bytes=LARGEST))
