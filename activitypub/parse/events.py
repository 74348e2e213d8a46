"""When and where, of Event objects: as Mobilizon, Gancio and FEP-8a8e write them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from activitypub.parse.fields import line, link, listed
from domain.occasions import Occasion, Venue

MOST_VENUES: Final = 5
LONGEST_LINE: Final = 300
LONGEST_ZONE: Final = 64
_ADDRESS: Final = ("streetAddress", "postalCode", "addressLocality", "addressRegion")
_STATUS: Final = ("eventStatus", "ical:status", "status")


def occasion(document: Mapping[str, Any]) -> Occasion:
    """What an Event says besides its words; whatever cannot be read is left out."""
    statuses = [document.get(name) for name in _STATUS]
    status = " ".join(each.lower() for each in statuses if isinstance(each, str))
    zone = line(document.get("timezone"), limit=LONGEST_ZONE)
    return Occasion(
        start=_moment(document.get("startTime")),
        end=_moment(document.get("endTime")),
        zone=zone or None,
        venues=_venues(document.get("location")),
        sign_up=link(document.get("externalParticipationUrl")),
        is_cancelled="cancel" in status,
        is_uncertain="tentative" in status or "postponed" in status,
    )


def _moment(raw: Any) -> datetime | None:
    """A time with its own offset; without one it means UTC."""
    if not isinstance(raw, str) or not 10 <= len(raw) <= 40:
        return None
    try:
        at = datetime.fromisoformat(raw)
        aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return aware if 1970 <= aware.astimezone(UTC).year <= 9990 else None
    except (OverflowError, ValueError):
        return None


def _venues(raw: Any) -> tuple[Venue, ...]:
    found: list[Venue] = []
    for item in listed(raw):
        venue = _venue(item)
        if venue != Venue() and venue not in found and len(found) < MOST_VENUES:
            found.append(venue)
    return tuple(found)


def _venue(item: Any) -> Venue:
    """A Place, a VirtualLocation, or only words or an address of the web."""
    if isinstance(item, str):
        url = link(item)
        return Venue(url=url) if url else Venue(name=line(item, limit=LONGEST_LINE))
    if not isinstance(item, dict):
        return Venue()
    name = line(item.get("name"), limit=LONGEST_LINE)
    return Venue(name=name, address=_address(item.get("address")), url=link(item.get("url")))


def _address(raw: Any) -> str:
    """A PostalAddress (schema.org) in one line."""
    if isinstance(raw, str):
        return line(raw, limit=LONGEST_LINE)
    if not isinstance(raw, dict):
        return ""
    street, code, town, region = (line(raw.get(key), limit=LONGEST_LINE) for key in _ADDRESS)
    country = line(raw.get("addressCountry"), limit=LONGEST_LINE)
    parts = (street, f"{code} {town}".strip(), region, country)
    return ", ".join(part for part in parts if part)
