"""WebFinger and host-meta: how other servers find us, and no more than that."""

from html import escape
from typing import Final

from aiohttp.web import Response, StreamResponse

from domain.errors import NotFound
from domain.handles import parse_acct
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import APPLICATION_HANDLE, Federation, Node
from federation.signatures import BadSignature
from social.communities import is_known_to
from storage.queries import actors
from storage.tx import Tx
from storage.views.actors import ActorView
from web.accept import preferred
from web.actors.documents import may_look_up
from web.actors.signing import refused, signer_of
from web.call import Call
from web.responses import json, refusal

JRD: Final = "application/jrd+json"
JSON: Final = "application/json"
XRD: Final = "application/xrd+xml"
_XRD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n{lines}\n</XRD>\n'
)
SERVICE_REL: Final = "https://www.w3.org/ns/activitystreams#Service"  # FEP-d556
SUBSCRIBE_REL: Final = "http://ostatus.org/schema/1.0/subscribe"
INTENT_RELS: Final = ("https://w3id.org/fep/3b86/Follow", "https://w3id.org/fep/3b86/Object")


async def webfinger(call: Call) -> StreamResponse:
    """GET /.well-known/webfinger (RFC 7033), for those of ours who may be looked up."""
    services = call.services
    resource = call.request.query.get("resource")
    if not resource:
        return refusal(400, "Which resource?")
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
    return _as_asked(call, _jrd(actor, services.node), (JRD, JSON, XRD), vary="Accept, Signature")


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
    acct = parse_acct(resource)
    if acct is None or acct.host not in {node.handle_domain, node.origin.partition("://")[2]}:
        return None
    return actors.local_by_handle(tx, acct.name)


def _jrd(actor: ActorView, node: Node) -> dict[str, object]:
    links: list[dict[str, str]] = [
        {"rel": "self", "type": "application/activity+json", "href": actor.uri},
        {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": actor.url},
    ]
    if actor.handle == APPLICATION_HANDLE:
        links.append({"rel": SERVICE_REL, "type": "application/activity+json", "href": actor.uri})
    if actor.type is ActorType.PERSON:
        # Where a page elsewhere sends this person to follow somebody (FEP-3b86).
        page = f"{node.origin}/authorize_interaction?uri="
        links.append({"rel": SUBSCRIBE_REL, "template": f"{page}{{uri}}"})
        links += [{"rel": rel, "template": f"{page}{{object}}"} for rel in INTENT_RELS]
    return {
        "subject": f"acct:{actor.handle}@{node.handle_domain}",
        "aliases": [actor.uri, actor.url],
        "links": links,
    }


def _as_asked(
    call: Call, jrd: dict[str, object], kinds: tuple[str, ...], *, vary: str = "Accept"
) -> Response:
    """A resource descriptor in the form that is preferred; the first where none is understood."""
    kind = preferred(call.request.headers.get("Accept", ""), kinds) or kinds[0]
    if kind == XRD:
        response = Response(text=_xrd(jrd), content_type=XRD, charset="utf-8")
    else:
        response = json(jrd)
        response.content_type = kind
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Vary"] = vary
    return response


def _xrd(jrd: dict[str, object]) -> str:
    """The same as XRD 1.0: some servers still read nothing else."""
    lines = []
    if "subject" in jrd:
        lines.append(f"  <Subject>{escape(str(jrd['subject']))}</Subject>")
    aliases, links = jrd.get("aliases"), jrd["links"]
    named = aliases if isinstance(aliases, list) else []
    lines += [f"  <Alias>{escape(alias)}</Alias>" for alias in named]
    for link in links if isinstance(links, list) else []:
        said = " ".join(f'{name}="{escape(value)}"' for name, value in link.items())
        lines.append(f"  <Link {said}/>")
    return _XRD.format(lines="\n".join(lines))


def _host_meta(node: Node) -> dict[str, object]:
    template = f"{node.origin}/.well-known/webfinger?resource={{uri}}"
    return {"links": [{"rel": "lrdd", "template": template}]}


async def host_meta(call: Call) -> StreamResponse:
    """GET /.well-known/host-meta (RFC 6415): XRD, unless JSON is preferred."""
    return _as_asked(call, _host_meta(call.services.node), (XRD, JRD, JSON))


async def host_meta_json(call: Call) -> StreamResponse:
    """GET /.well-known/host-meta.json."""
    return _as_asked(call, _host_meta(call.services.node), (JSON, JRD))
