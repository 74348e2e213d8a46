"""Times on the wire: `xsd:dateTime`, UTC."""

from datetime import UTC, datetime


def moment(ms: int) -> str:
    """Milliseconds since 1970 as `2026-11-22T09:00:00.123Z`."""
    stamp = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{ms % 1000:03}Z"
