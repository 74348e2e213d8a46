"""At once: an activity whose own words say all that is needed is done in the unit that takes it in.

One commit, no job, and its bytes are never stored. Whatever is in the way (others must be asked,
something earlier about the same object waits, it is refused, it fails) leaves the activity to
`inbox/intake` and its job, as if it had not been tried; the job finds out the reason.
"""

from typing import Any

from activitypub.parse.activities import Activity
from activitypub.parse.posts import NoteDocument
from activitypub.synchronization import Synchronization
from domain.node import Node
from federation.authentication import Signer
from federation.fetcher import Fetcher
from inbox.handlers import HANDLERS
from inbox.intake import order_key
from inbox.signed import Handler, SignedActivity
from inbox.together import Together
from jobs.queue import is_waiting
from social import follower_lists, refreshing
from storage.errors import StorageError
from storage.queries import intake
from storage.tx import Tx


async def do_at_once(
    fetcher: Fetcher,
    signer: Signer,
    activity: Activity,
    body: bytes,
    *,
    together: Together,
    members: Synchronization | None = None,
) -> bool:
    """Take an activity in and do it; False if it has to be left to a job.

    `together`: where it may be stored with others. `members`: what the sender says of followers
    here.

    Raises StorageError: it could not be stored, or nobody knows whether it was.
    """
    handler = HANDLERS.get(activity.type)
    if handler is None or handler.at_once is None or activity.has_proof:
        return False
    if signer.actor.is_hidden:
        return False  # the job says why nothing comes of it
    received_at = fetcher.now_ms()
    signed = SignedActivity(activity, signer.actor, received_at, body)
    try:
        meaning = handler.at_once(signed)
        if meaning is None:
            return False
        if await _stored_with_others(together, signed, meaning, members):
            return True
        return await fetcher.db.write(
            _do,
            node=fetcher.node,
            handler=handler,
            signed=signed,
            meaning=meaning,
            members=members,
        )
    except StorageError:
        raise
    except Exception:  # noqa: BLE001 - nothing of it is stored; the job tells what is wrong
        return False


async def _stored_with_others(
    together: Together, signed: SignedActivity, meaning: Any, members: Synchronization | None
) -> bool:
    if members is not None or not isinstance(meaning, NoteDocument):
        return False
    return await together.take(signed, meaning)


def _do(
    tx: Tx,
    *,
    node: Node,
    handler: Handler[Any],
    signed: SignedActivity,
    meaning: Any,
    members: Synchronization | None,
) -> bool:
    """The ledger's row and the effect, together or not at all; once, if it came before."""
    tx.lock(f"signer {signed.signer.id}")
    if is_waiting(tx, order_key(signed.signer, signed.activity)):
        return False
    if members is not None and follower_lists.is_due(tx, signer=signed.signer, said=members):
        return False
    intake_id = intake.take(
        tx,
        origin_id=signed.signer.origin_id,
        activity_uri=signed.activity.id,
        signer_id=signed.signer.id,
        body=None,
    )
    if intake_id is None:
        return True
    refreshing.want(tx, signed.signer)
    reason = handler.receive(tx, node, signed, meaning)
    if reason is not None:
        intake.drop(tx, intake_id, reason)
    return True
