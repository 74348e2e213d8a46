"""Whom somebody may want to follow, each with the reason, made of ties and never of activity."""

from typing import Final, Literal

from msgspec import Struct

from domain.audience import Viewer
from storage.queries import suggestions
from storage.tx import Tx
from storage.views import directory, people
from storage.views.actors import ActorView
from storage.views.directory import Candidate

MOST: Final = 80
"""Suggestions at once at most (Mastodon API)."""

Source = Literal["featured", "friends_of_friends", "similar_to_recently_followed"]


class Suggestion(Struct, frozen=True):
    """Somebody, and why. `source` is a word of the Mastodon API, `reason` says it to people."""

    actor: ActorView
    source: Source
    reason: str


def suggest(tx: Tx, *, viewer: Viewer, limit: int) -> list[Suggestion]:
    """Whom the viewer may know of, does not follow yet and has not waved off."""
    found = {each.actor_id: each for each in directory.candidates(tx, viewer, min(limit, MOST))}
    there = people.people(tx, viewer, list(found))
    return [Suggestion(actor, *_why(found[actor.id])) for actor in there]


def _why(candidate: Candidate) -> tuple[Source, str]:
    if candidate.friends > 1:
        return "friends_of_friends", f"{candidate.friends} people whom you follow follow them"
    if candidate.friends:
        return "friends_of_friends", "Somebody whom you follow follows them"
    if candidate.community:
        return "similar_to_recently_followed", f"With you in {candidate.community}"
    if candidate.to_join:
        return "featured", "A community that you can join by following it"
    return "featured", "Came here lately"


def dismiss(tx: Tx, *, viewer: Viewer, other_id: int) -> None:
    """Do not suggest somebody again; again changes nothing.

    Raises:
        NotFound: there is nobody, or not for this viewer.
    """
    suggestions.dismiss(tx, viewer.actor, people.person(tx, viewer, other_id).id)
