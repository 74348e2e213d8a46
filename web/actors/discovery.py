"""WebFinger, host-meta and NodeInfo: how other servers find us, and no more than that."""

from typing import Final

from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from domain.ids import HERE
from domain.node import APPLICATION_HANDLE, SOFTWARE, VERSION, Federation, Node, Registration
from federation.signatures import BadSignature
from social.communities import is_known_to
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from web.actors.documents import may_look_up
from web.actors.signing import refused, signer_of
from web.call import Call
from web.responses import error, json

JRD: Final = "application/jrd+json"
XRD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
    '  <Link rel="lrdd" template="{origin}/.well-known/webfinger?resource={{uri}}"/>\n</XRD>\n'
)
APPLICATION_REL: Final = "https://www.w3.org/ns/activitystreams#Application"  # FEP-2677
SERVICE_REL: Final = "https://www.w3.org/ns/activitystreams#Service"  # FEP-d556
NODEINFO: Final = "http://nodeinfo.diaspora.software/ns/schema/"


async def webfinger(call: Call) -> StreamResponse:
    """GET /.well-known/webfinger (RFC 7033), for those of ours who may be looked up."""
    services = call.services
    resource = call.request.query.get("resource")
    if not resource:
        return error(400, "Which resource?")
    if services.node.federation is Federation.CLOSED:
        raise NotFound
    node, name = services.node, resource[:2048]
    try:
        actor = await services.db.read(found_actor, node=node, resource=name, signer=None)
    except NotFound:
        try:
            signer = await signer_of(call)
        except BadSignature as problem:
            return refused(problem)
        actor = await services.db.read(found_actor, node=node, resource=name, signer=signer)
    response = json(_jrd(actor, services.node))
    response.content_type = JRD
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Vary"] = "Signature"
    return response


def found_actor(tx: Tx, *, node: Node, resource: str, signer: ActorView | None) -> ActorView:
    """The actor of ours that a resource names, if the asker may know it; NotFound otherwise."""
    actor = _named(tx, node, resource)
    known = may_look_up(tx, actor)
    if not known and signer is not None:
        known = is_known_to(tx, actor, actor.id if actor is not None else 0, signer.origin_id)
    if actor is None or not actor.is_local or actor.gone_at is not None or not known:
        raise NotFound
    return actor


def _named(tx: Tx, node: Node, resource: str) -> ActorView | None:
    if resource.rstrip("/") == node.origin:
        return actors.application_of(tx, HERE)
    if resource.startswith((f"{node.origin}/@", f"{node.origin}/users/")):
        return actors.local_by_handle(tx, resource.rpartition("/")[2].lstrip("@"))
    if resource.startswith(("http://", "https://")):
        return actors.by_uri(tx, resource)
    handle, _, domain = resource.removeprefix("acct:").lstrip("@").partition("@")
    if domain.lower() not in {node.handle_domain.lower(), node.origin.partition("://")[2]}:
        return None
    return actors.local_by_handle(tx, handle)


def _jrd(actor: ActorView, node: Node) -> dict[str, object]:
    links: list[dict[str, str]] = [
        {"rel": "self", "type": "application/activity+json", "href": actor.uri},
        {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": actor.url},
    ]
    if actor.handle == APPLICATION_HANDLE:
        links.append({"rel": SERVICE_REL, "type": "application/activity+json", "href": actor.uri})
    return {
        "subject": f"acct:{actor.handle}@{node.handle_domain}",
        "aliases": [actor.uri, actor.url],
        "links": links,
    }


async def host_meta(call: Call) -> StreamResponse:
    """GET /.well-known/host-meta (RFC 6415)."""
    text = XRD.format(origin=call.services.node.origin)
    return Response(text=text, content_type="application/xrd+xml", charset="utf-8")


async def nodeinfo_links(call: Call) -> StreamResponse:
    """GET /.well-known/nodeinfo, with our Application actor (FEP-2677)."""
    node = call.services.node
    application = await call.services.db.read(actors.application_of, HERE)
    links = [
        {"rel": f"{NODEINFO}{version}", "href": f"{node.origin}/nodeinfo/{version}"}
        for version in ("2.0", "2.1")
    ]
    return json({"links": [*links, {"rel": APPLICATION_REL, "href": application.uri}]})


def _nodeinfo(version: str) -> dict[str, object]:
    software: dict[str, object] = {"name": SOFTWARE, "version": VERSION}
    return {
        "version": version,
        "software": software,
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        # No counts: how many people are here, and how much they write, is theirs (protocol §3).
        "usage": {"users": {}},
        "metadata": {},
    }


async def nodeinfo_20(call: Call) -> StreamResponse:
    """GET /nodeinfo/2.0."""
    return _shown_nodeinfo(call, "2.0")


async def nodeinfo_21(call: Call) -> StreamResponse:
    """GET /nodeinfo/2.1."""
    return _shown_nodeinfo(call, "2.1")


def _shown_nodeinfo(call: Call, version: str) -> Response:
    is_open = call.services.node.registration is Registration.OPEN
    return json({**_nodeinfo(version), "openRegistrations": is_open})
