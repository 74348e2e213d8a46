"""Who fetches: the verified signer of a GET, as a viewer.

A signature that is there must be good (401 otherwise); none at all is nobody.
"""

from aiohttp.web import Response

from domain.audience import ANONYMOUS, Viewer
from domain.kinds import ActorType
from federation.authentication import authenticate
from federation.fetcher import Fetcher
from federation.signatures import BadSignature, IncomingRequest
from storage.views.actors import ActorView
from web.accept import preferred
from web.call import Call
from web.responses import refusal

AS2 = "application/activity+json"
LD = "application/ld+json"
HTML = "text/html"


async def signer_of(call: Call, fetcher: Fetcher | None = None) -> ActorView | None:
    """The actor whose key signed this request, or nobody.

    `fetcher`: whose policy admits servers, if not the usual one.

    Raises:
        BadSignature: there is a signature and it does not verify.
    """
    request = call.request
    if "Signature" not in request.headers and "Signature-Input" not in request.headers:
        return None
    incoming = IncomingRequest(
        method=request.method,
        target=request.raw_path,
        headers=list(request.headers.items()),
        body=b"",
        public_origin=call.services.node.origin,
    )
    return (await authenticate(fetcher or call.services.fetcher, incoming)).actor


def viewer_for(signer: ActorView | None) -> Viewer:
    """What a signer may read as: a person, a node's Application actor, or anybody."""
    if signer is None:
        return ANONYMOUS
    if signer.type is ActorType.APPLICATION:
        return Viewer.node(signer.origin_id)
    return Viewer.remote(signer.id, signer.origin_id)


def refused(problem: BadSignature) -> Response:
    """The answer to a signature that does not hold: a 4xx, so that the sender tries its other."""
    return refusal(problem.status, problem.reason)


def wants_document(call: Call) -> bool:
    """Whether the other side asks for ActivityStreams rather than a page."""
    asked = call.request.headers.get("Accept", "").lower()
    named = AS2 in asked or LD in asked  # who takes anything gets the page
    return named and preferred(asked, (AS2, LD, HTML)) in {AS2, LD}
