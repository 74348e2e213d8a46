"""Recommending people on one's own page. An endorsement stands on a follow, and ends with it."""

from domain.audience import Viewer
from domain.errors import Invalid
from storage.queries import endorsements, follows
from storage.tx import Tx
from storage.views.people import person


def endorse(tx: Tx, *, viewer: Viewer, target_id: int) -> None:
    """Recommend somebody whom one follows; again changes nothing.

    Raises:
        NotFound: there is nobody, or not for this viewer.
        Invalid: the viewer does not follow them, or has not been accepted yet.
    """
    target = person(tx, viewer, target_id)
    if not follows.is_following(tx, viewer.actor, target.id):
        raise Invalid("Follow this account first. You can recommend only whom you follow")
    endorsements.add(tx, viewer.actor, target.id)


def unendorse(tx: Tx, *, viewer: Viewer, target_id: int) -> None:
    """Recommend somebody no longer; nothing happens if one did not.

    Raises:
        NotFound: there is nobody, or not for this viewer.
    """
    endorsements.remove(tx, viewer.actor, person(tx, viewer, target_id).id)
