"""Communities on the wire: the Group itself, and what is said about belonging to it."""

from typing import Final

from activitypub.groups import HISTORIES, JOININGS, MEMBERSHIP, PRESETS, Terms
from activitypub.render import activities, actors
from activitypub.render.times import moment
from activitypub.vocabulary import ACTIVITYSTREAMS, ACTOR_CONTEXT, OURS, PUBLIC, JsonDict
from domain.node import Node
from storage.views.actors import ActorView
from storage.views.keys import KeyView

_CONTEXT: Final = [ACTIVITYSTREAMS, OURS]
# Terms of groups that are open to the world, as Lemmy and its kin speak of them.
_LEMMY: Final = {
    "lemmy": "https://join-lemmy.org/ns#",
    "postingRestrictedToMods": "lemmy:postingRestrictedToMods",
}


def group(view: ActorView, keys: list[KeyView], node: Node, terms: Terms) -> JsonDict:
    """A community of ours in full: an actor, and what our nodes want to know besides."""
    return {
        **actors.actor(view, keys, node),
        "@context": [*ACTOR_CONTEXT, OURS],
        **_settings(terms),
    }


def open_group(view: ActorView, keys: list[KeyView], node: Node, terms: Terms) -> JsonDict:
    """A community of ours that is open to the world (FEP-1b12): who moderates it, besides."""
    return {
        **group(view, keys, node, terms),
        "@context": [*ACTOR_CONTEXT, OURS, _LEMMY],
        "attributedTo": moderators_url(view),
        "postingRestrictedToMods": False,
    }


def moderators_url(view: ActorView) -> str:
    """Where an open community of ours lists its stewards."""
    return f"{view.uri}/moderators"


def announced(uri: str, community: ActorView, what: JsonDict | str, at: int) -> JsonDict:
    """Announce to the world: of an activity, unchanged, or of a post by its id (FEP-1b12)."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Announce",
        "actor": community.uri,
        "published": moment(at),
        "to": [PUBLIC],
        "cc": [community.followers],
        "object": what,
    }


def announced_no_more(uri: str, announce: JsonDict) -> JsonDict:
    """Undo of such an Announce: the post does not stand in the community any more."""
    inner = {name: value for name, value in announce.items() if name != "@context"}
    kept = {name: announce[name] for name in ("actor", "to", "cc")}
    return {"@context": ACTIVITYSTREAMS, "id": uri, "type": "Undo", **kept, "object": inner}


def accept(
    uri: str, follow_uri: str, community: ActorView, member: ActorView, terms: Terms | None
) -> JsonDict:
    """Accept{Follow}: somebody belongs from now on; `result` says since when and to what.

    Without `terms`, as plain servers understand it: some refuse a whole document for one type in
    it that they do not know (Fedify).
    """
    document = activities.accept(uri, follow_uri, community, member)
    if terms is None:
        return document
    result: JsonDict = {"type": MEMBERSHIP, **_settings(terms)}
    if terms.since is not None:
        result["startTime"] = moment(terms.since)
    if terms.until is not None:
        result["endTime"] = moment(terms.until)
    return {**document, "@context": _CONTEXT, "result": result}


def reject(
    uri: str, follow_uri: str, community: ActorView, member: ActorView, reason: str
) -> JsonDict:
    """Reject{Follow}: refused, or a membership that ended, with the reason if one is given."""
    document = activities.reject(uri, follow_uri, community, member)
    return {**document, "summary": reason} if reason else document


def invite(uri: str, community: ActorView, person: ActorView, terms: Terms) -> JsonDict:
    """Invite: accepted by following (AS2 Vocabulary, Invite)."""
    return {
        "@context": _CONTEXT,
        "id": uri,
        "type": "Invite",
        "actor": community.uri,
        "to": [person.uri],
        "object": community.uri,
        "result": {"type": MEMBERSHIP, **_settings(terms)},
    }


def block(community: ActorView, person: ActorView) -> JsonDict:
    """Block: for servers on which nothing else ends a relation (AS2 Vocabulary, Block).

    Its id follows from the pair: one stands at a time.
    """
    return {
        "@context": ACTIVITYSTREAMS,
        "id": f"{community.uri}#blocks/{person.id}",
        "type": "Block",
        "actor": community.uri,
        "to": [person.uri],
        "object": person.uri,
    }


def undo_block(uri: str, community: ActorView, person: ActorView) -> JsonDict:
    """Undo{Block}: whoever was kept out may ask again."""
    inner = {name: value for name, value in block(community, person).items() if name != "@context"}
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Undo",
        "actor": community.uri,
        "to": [person.uri],
        "object": inner,
    }


def forgotten(uri: str, application: str, community_uri: str, about: JsonDict) -> JsonDict:
    """Accept of what ended a membership: nobody at that node reads the community's words any more.

    `about` has the id, type and actor of the Reject or Undo; `audience` says which community.
    """
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Accept",
        "actor": application,
        "to": [community_uri],
        "audience": community_uri,
        "object": about,
    }


def _settings(terms: Terms) -> JsonDict:
    return {
        "tertulia:preset": PRESETS[terms.preset],
        "tertulia:joining": JOININGS[terms.joining],
        "tertulia:history": HISTORIES[terms.history],
        "tertulia:purpose": terms.purpose,
        "tertulia:listed": terms.listed,
    }
