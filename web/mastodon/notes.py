"""What somebody notes about somebody else, for their own eyes."""

from aiohttp.web import StreamResponse

from domain.errors import NotFound
from social import notes
from storage.tx import Tx
from storage.views import relationships
from storage.views.relationships import Relationship
from web.call import Call
from web.mastodon.entities.accounts import Relation, relationship
from web.responses import json
from web.routes import Access, Route, post


async def note(call: Call) -> StreamResponse:
    """POST /api/v1/accounts/:id/note. Without a comment the note goes."""
    return json(relationship(await call.write(_note, call=call, text=call.params.text("comment"))))


def _note(tx: Tx, *, call: Call, text: str) -> Relationship:
    me, other = call.person.actor_id, call.id()
    if not relationships.load(tx, call.viewer, [other]):
        raise NotFound
    notes.note(tx, actor_id=me, about_id=other, text=text)
    return relationships.load(tx, call.viewer, [other])[0]


ROUTES: list[Route] = [
    post("/api/v1/accounts/{id}/note", note, Access.ACCOUNT, "write:accounts", answers=Relation),
]
