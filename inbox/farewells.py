"""Delete of an actor by itself, under a signature that nobody can check any more.

Who is gone has no document and so no key. What comes like this is taken (its sender would send it
for days), never believed, and looked at: see `social/refreshing`. Known and unknown are the same to
who sends it.
"""

from activitypub.json import MalformedDocument
from activitypub.parse.fields import origin_of
from federation.fetcher import Fetcher
from federation.signatures import BadSignature, IncomingRequest, parse
from inbox.reading import read
from social.refreshing import is_said_to_be_gone


async def heard_farewell(fetcher: Fetcher, request: IncomingRequest, body: bytes) -> bool:
    """Whether an activity whose signature proves nothing says that its own actor is gone.

    The key has to be the actor's server's, as far as it says.
    """
    if b"Delete" not in body:
        return False
    try:
        activity, claimed = read(body), parse(request)
        server = origin_of(claimed.key_id)
    except (MalformedDocument, BadSignature):
        return False
    if activity.type != "Delete" or activity.object_id != activity.actor:
        return False
    if origin_of(activity.actor) != server:
        return False
    await fetcher.db.write(is_said_to_be_gone, activity.actor)
    return True
