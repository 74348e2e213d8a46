"""Taking in: an activity that is really its signer's is stored once, and a job will process it.

After the commit it is ours to process, whatever is killed when; that is what 202 means.
"""

from typing import Final

from activitypub.parse.activities import Activity
from activitypub.parse.fields import origin_of
from activitypub.synchronization import Synchronization
from federation.authentication import Signer
from jobs.queue import enqueue
from social import follower_lists, refreshing, roll_call
from storage.queries import intake
from storage.tx import Tx
from storage.views.actors import ActorView

PROCESS: Final = "process"
"""The kind of job that processes one stored activity; its payload is the intake row's id."""


class NotTheirs(Exception):  # noqa: N818 - what is wrong with it
    """A signed activity that speaks for somebody else. `reason` is safe to show."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_signer(signer: Signer, activity: Activity) -> None:
    """Refuse an activity whose actor did not sign it, or whose id lies elsewhere (S16).

    What is forwarded and may come so was looked at before (`inbox/forwarded`, S17); all else that
    somebody else delivers is refused like what is forged. Raises NotTheirs.
    """
    if activity.actor != signer.actor.uri:
        raise NotTheirs("the signer is not the activity's actor")
    if origin_of(activity.id) != origin_of(activity.actor):
        raise NotTheirs("the activity's id lies on another server than its actor")


def take_in(
    tx: Tx,
    *,
    signer: Signer,
    activity: Activity,
    body: bytes,
    members: Synchronization | None = None,
) -> int | None:
    """Store an activity and the job for it; None if its origin sent this id before (S15).

    `members`: what a community says of its members here, or a person of followers. If we know it
    otherwise, their server is asked before the activity is looked at.
    """
    intake_id = intake.take(
        tx,
        origin_id=signer.actor.origin_id,
        activity_uri=_known_as(tx, activity),
        signer_id=signer.actor.id,
        body=body,
    )
    refreshing.want(tx, signer.actor)
    if intake_id is not None:
        order = order_key(signer.actor, activity)
        if members is not None:
            roll_call.want(tx, community=signer.actor, said=members, order_key=order)
            follower_lists.want(tx, signer=signer.actor, said=members, order_key=order)
        enqueue(tx, PROCESS, intake_id, order_key=order, about=signer.actor.id)
    return intake_id


def _known_as(tx: Tx, activity: Activity) -> str:
    """What the ledger knows an activity by. Without an id of its own the same words may be said
    again: a post is pinned, taken down, and pinned once more.
    """
    return f"{activity.id}-{tx.now}" if activity.is_nameless else activity.id


def order_key(actor: ActorView, activity: Activity) -> str:
    """What one actor says of one object, or in one place, is done in the order in which it came."""
    about = activity.audience[0] if activity.audience else activity.object_id or activity.id
    return f"{PROCESS} {actor.id} {about}"
