"""Our people's consent to be quoted, for servers that check it (FEP-044f)."""

from aiohttp.web import StreamResponse

from activitypub.render import quotes as render
from activitypub.vocabulary import JsonDict
from domain.audience import Viewer
from domain.errors import NotFound
from domain.node import Node
from domain.quotes import QuoteState
from storage.queries import posts, quotes
from storage.tx import Tx
from storage.views.posts import visible
from web.actors.documents import Signer, document, for_anybody_or_signer, for_servers
from web.call import Call


def shown_authorization(tx: Tx, *, node: Node, quote_id: int, viewer: Viewer) -> JsonDict:
    """The consent to one quote, for who may read the quoted post, and the quoting one if it is
    here: its id alone would tell them that it is. NotFound for others, and once it was taken back.
    """
    quote = quotes.by_id(tx, quote_id)
    quoted = visible(tx, (quote.quoted_id if quote is not None else None) or 0, viewer)
    if quote is None or quote.state is not QuoteState.ACCEPTED or not quoted.author.is_local:
        raise NotFound
    uri = node.authorization(quote.id)
    if quote.authorization_uri != uri:
        raise NotFound
    if quote.post_id is not None and posts.by_id(tx, quote.post_id) is not None:
        visible(tx, quote.post_id, viewer)
    return render.authorization(uri, quoted.author.uri, quoting=quote.uri, quoted=quote.quoted_uri)


@for_servers
async def show_authorization(call: Call, signer: Signer) -> StreamResponse:
    """GET /q/{id}."""
    node, quote_id = call.services.node, call.id()
    shown = await for_anybody_or_signer(
        call,
        signer,
        lambda tx, viewer: shown_authorization(tx, node=node, quote_id=quote_id, viewer=viewer),
    )
    return document(shown)
