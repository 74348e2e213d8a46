"""Polls and votes as documents (FEP-9967), in the shape that all servers read.

Figures of single answers are left out while they are hidden: a zero would be a lie.
"""

from activitypub.render.times import moment
from activitypub.vocabulary import COMMUNITY_CONTEXT, POST_CONTEXT, JsonDict
from storage.queries.polls import Option, Poll
from storage.views.actors import ActorView


def question(poll: Poll) -> JsonDict:
    """What makes a post a Question."""
    shown = not poll.hides_totals or poll.closed_at is not None
    options = [_option(one, shown=shown) for one in poll.options]
    document: JsonDict = {"type": "Question", "anyOf" if poll.multiple else "oneOf": options}
    if poll.ends_at is not None:
        document["endTime"] = moment(poll.ends_at)
    if poll.closed_at is not None:
        document["closed"] = moment(poll.closed_at)
    if poll.voters is not None:
        document["votersCount"] = poll.voters
    return document


def _option(option: Option, *, shown: bool) -> JsonDict:
    document: JsonDict = {"type": "Note", "name": option.wire}
    if shown:
        document["replies"] = {"type": "Collection", "totalItems": option.votes}
    return document


def vote(
    uri: str,
    voter: ActorView,
    *,
    poll_uri: str,
    name: str,
    to: ActorView,
    at: int,
    in_community: bool = False,
) -> JsonDict:
    """Create of one choice, to whoever counts alone: the poll's author, or the community."""
    note: JsonDict = {
        "id": f"{voter.uri}#votes/{uri.rpartition('/')[2]}",
        "type": "Note",
        "attributedTo": voter.uri,
        "name": name,
        "inReplyTo": poll_uri,
        "published": moment(at),
        "to": [to.uri],
    }
    document: JsonDict = {
        "@context": COMMUNITY_CONTEXT if in_community else POST_CONTEXT,
        "id": uri,
        "type": "Create",
        "actor": voter.uri,
        "published": moment(at),
        "to": [to.uri],
        "object": note,
    }
    if in_community:
        note["audience"] = document["audience"] = to.uri
    return document


def tally(uri: str, community: ActorView, *, poll_uri: str, poll: Poll, at: int) -> JsonDict:
    """Update of a poll's figures in a community, in the community's own words (protocol §5)."""
    told: JsonDict = {
        "id": poll_uri,
        "audience": community.uri,
        "updated": moment(at),
        **question(poll),
    }
    return {
        "@context": COMMUNITY_CONTEXT,
        "id": uri,
        "type": "Update",
        "actor": community.uri,
        "published": moment(at),
        "to": [community.followers],
        "audience": community.uri,
        "object": told,
    }
