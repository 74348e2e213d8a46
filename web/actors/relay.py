"""GET of a relay note: for its recipient's server, while the recipient is a member (rule 9).

Facts: private-groups-observed.md. Nobody needs this to show a note that was delivered whole.
"""

from typing import Final

from aiohttp.web import StreamResponse

from activitypub.vocabulary import JsonDict
from domain.errors import NotFound
from domain.node import Node
from outbox import relay
from storage.audience import readers_among
from storage.queries import actors, origins, relay_notes
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import Signer, document, for_servers
from web.call import Call

#: Whose server fetches whatever somebody there searches for, with a key that says nothing of who.
SEARCHES_FOR_ANYBODY: Final = frozenset({"takahe"})
_LONGEST: Final = 64


def shown_relay_note(tx: Tx, *, node: Node, token: str, signer: ActorView | None) -> JsonDict:
    """A note as it reads now, or NotFound, whatever the reason.

    An actor of the recipient's server may ask for the recipient: some servers fetch as themselves.
    """
    note = relay_notes.by_token(tx, token) if len(token) <= _LONGEST else None
    if note is None or signer is None or not _may_fetch(tx, note, signer):
        raise NotFound
    shown = relay.document(tx, node=node, note=note)
    if shown is None:
        raise NotFound
    return shown


def _may_fetch(tx: Tx, note: relay_notes.RelayNoteRow, signer: ActorView) -> bool:
    """Of a note for all members on a server nobody is the recipient but the members themselves."""
    recipient = signer if note.is_shared else actors.by_id(tx, note.actor_id)
    if recipient is None or not note.origin_id == recipient.origin_id == signer.origin_id:
        return False
    origin = origins.by_id(tx, signer.origin_id)
    if origin is None or (origin.software or "").casefold() in SEARCHES_FOR_ANYBODY:
        return False
    if not relay_notes.is_plain_member(tx, note.community_id, recipient.id):
        return False
    return recipient.id in readers_among(tx, note.post_id, [recipient.id])


@for_servers
async def show_relay_note(call: Call, signer: Signer) -> StreamResponse:
    """GET /r/{token}."""
    services, token = call.services, call.request.match_info["token"]
    who = await signer()
    shown = await services.db.read(shown_relay_note, node=services.node, token=token, signer=who)
    return document(shown)
