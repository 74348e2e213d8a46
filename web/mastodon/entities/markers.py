"""How far somebody has read, as Mastodon's Marker."""

from collections.abc import Iterable
from typing import TypedDict

from storage.queries import markers
from web.mastodon.entities.formats import Count, Id, Moment
from web.mastodon.entities.times import moment


class Marker(TypedDict):
    """A place in a timeline; `version` grows with each change."""

    last_read_id: Id
    version: Count
    updated_at: Moment


class Markers(TypedDict, total=False):
    """Places by their timeline: those that were asked for or sent, and are kept."""

    home: Marker
    notifications: Marker


def by_timeline(kept: Iterable[markers.Marker]) -> Markers:
    """Markers by their timeline."""
    shown: Markers = {}
    for each in kept:
        if each.timeline == "home":
            shown["home"] = marker(each)
        elif each.timeline == "notifications":
            shown["notifications"] = marker(each)
    return shown


def marker(kept: markers.Marker) -> Marker:
    """One Marker."""
    return {
        "last_read_id": str(kept.last_read_id),
        "version": kept.version,
        "updated_at": moment(kept.updated_at),
    }
