"""What stewards of an open community do, as Lemmy and its kin say it (FEP-1b12)."""

from activitypub.render.times import moment
from activitypub.vocabulary import ACTIVITYSTREAMS, JsonDict
from activitypub.vocabulary import PUBLIC as EVERYBODY
from storage.views.actors import ActorView

NO_REASON = "Taken out by the stewards"


def withdrawn(
    uri: str, community: ActorView, by: ActorView, post_uri: str, reason: str
) -> JsonDict:
    """Delete with a reason: the community shows a post no more; its author did not delete it."""
    act = _act("Delete", uri, community, by, post_uri)
    return act | {"summary": reason or NO_REASON}


def closed(uri: str, community: ActorView, by: ActorView, post_uri: str, reason: str) -> JsonDict:
    """Lock: nobody answers in a thread any more."""
    act = _act("Lock", uri, community, by, post_uri)
    return act | {"summary": reason} if reason else act


def banned(
    uri: str,
    community: ActorView,
    by: ActorView,
    person_uri: str,
    *,
    reason: str,
    until: int | None,
    remove_posts: bool,
) -> JsonDict:
    """Block of somebody in a community; `until` in ms, None: for good."""
    act = _act("Block", uri, community, by, person_uri)
    act |= {"target": community.uri, "removeData": remove_posts}
    if reason:
        act["summary"] = reason
    if until is not None:
        act["endTime"] = moment(until)
    return act


def listed(uri: str, community: ActorView, by: ActorView, about: str, *, target: str) -> JsonDict:
    """Add to a collection of the community: its stewards, or what is featured."""
    return _act("Add", uri, community, by, about) | {"target": target}


def unlisted(uri: str, community: ActorView, by: ActorView, about: str, *, target: str) -> JsonDict:
    """Remove from such a collection."""
    return _act("Remove", uri, community, by, about) | {"target": target}


def undone(uri: str, act: JsonDict) -> JsonDict:
    """Undo of one of these."""
    inner = {name: value for name, value in act.items() if name != "@context"}
    kept = {name: act[name] for name in ("actor", "to", "cc", "audience")}
    return {"@context": ACTIVITYSTREAMS, "id": uri, "type": "Undo", **kept, "object": inner}


def _act(kind: str, uri: str, community: ActorView, by: ActorView, about: str) -> JsonDict:
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": kind,
        "actor": by.uri,
        "to": [EVERYBODY],
        "cc": [community.uri],
        "audience": community.uri,
        "object": about,
    }
