"""The other side: one actor on a foreign server that signs, and a sink that swallows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
from aiohttp.web import Application, AppRunner, Request, Response, TCPSite, json_response

from activitypub.vocabulary import ACTIVITY_JSON, PUBLIC
from bench.limits import NOTE
from bench.ports import free_port
from federation.key_material import PrivateKey, generate_rsa
from federation.signatures import Scheme, sign

# The terms that a widespread server declares with every post.
TERMS: dict[str, object] = {
    "ostatus": "http://ostatus.org#",
    "atomUri": "ostatus:atomUri",
    "inReplyToAtomUri": "ostatus:inReplyToAtomUri",
    "conversation": "ostatus:conversation",
    "sensitive": "as:sensitive",
    "toot": "http://joinmastodon.org/ns#",
    "votersCount": "toot:votersCount",
    "Hashtag": "as:Hashtag",
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
    "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
}


def _collection(uri: str) -> dict[str, object]:
    """An empty collection in the shape in which it comes with a post."""
    first = {"type": "CollectionPage", "next": f"{uri}?page=true", "partOf": uri, "items": []}
    return {"id": uri, "type": "Collection", "first": first}


class FarActor:
    """An actor with documents, keys and a sink for deliveries."""

    def __init__(self, port: int, name: str = "far", key: PrivateKey | None = None) -> None:
        self.port = port
        self.host = f"{name}.localhost:{port}"
        self.origin = f"http://{self.host}"
        self.uri = f"{self.origin}/users/fern"
        self.key: PrivateKey = key or generate_rsa()
        self.received = 0

    def document(self) -> dict[str, object]:
        """The actor."""
        return {
            "@context": [
                "https://www.w3.org/ns/activitystreams",
                "https://w3id.org/security/v1",
            ],
            "id": self.uri,
            "type": "Person",
            "preferredUsername": "fern",
            "name": "Fern",
            "inbox": f"{self.uri}/inbox",
            "followers": f"{self.uri}/followers",
            "publicKey": {
                "id": f"{self.uri}#main-key",
                "owner": self.uri,
                "publicKeyPem": self.key.public.pem(),
            },
        }

    def signed(self, inbox: str, document: dict[str, object]) -> tuple[dict[str, str], bytes]:
        """Headers and body of a delivery to `inbox`."""
        body = orjson.dumps(document)
        headers = {"Content-Type": ACTIVITY_JSON}
        headers |= sign(
            method="POST",
            url=inbox,
            headers=headers,
            body=body,
            key=self.key,
            key_id=f"{self.uri}#main-key",
            scheme=Scheme.CAVAGE,
            now=datetime.now(UTC),
        )
        return headers, body

    def note(self, number: int, mention: str) -> dict[str, object]:
        """A Create of about 4 kB, as a busy server sends it."""
        uri = f"{self.origin}/o/{number}"
        published = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        to, cc = [PUBLIC], [f"{self.uri}/followers", mention]
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", TERMS],
            "id": f"{uri}/activity",
            "type": "Create",
            "actor": self.uri,
            "published": published,
            "to": to,
            "cc": cc,
            "object": {
                "id": uri,
                "type": "Note",
                "attributedTo": self.uri,
                "content": NOTE,
                "contentMap": {"en": NOTE},
                "published": published,
                "to": to,
                "cc": cc,
                "url": f"{self.origin}/@fern/{number}",
                "inReplyTo": None,
                "sensitive": False,
                "conversation": f"tag:far.localhost,2026:objectId={number}:objectType=Conversation",
                "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
                "replies": _collection(f"{uri}/replies"),
                "likes": _collection(f"{uri}/likes"),
                "shares": _collection(f"{uri}/shares"),
                "tag": [
                    {"type": "Mention", "href": mention, "name": "@ana"},
                    {
                        "type": "Hashtag",
                        "name": "#learning",
                        "href": f"{self.origin}/tags/learning",
                    },
                ],
            },
        }

    async def show(self, _: Request) -> Response:
        """GET of the actor."""
        return Response(body=orjson.dumps(self.document()), content_type=ACTIVITY_JSON)

    async def webfinger(self, _: Request) -> Response:
        """GET of WebFinger."""
        links = [{"rel": "self", "type": ACTIVITY_JSON, "href": self.uri}]
        return json_response({"subject": f"acct:fern@{self.host}", "links": links})

    async def swallow(self, request: Request) -> Response:
        """POST of a delivery."""
        await request.read()
        self.received += 1
        return Response(status=202)


@asynccontextmanager
async def far_actor() -> AsyncIterator[FarActor]:
    """Serve the foreign actor while the block runs."""
    port = free_port()
    actor = FarActor(port)
    app = Application()
    app.router.add_get("/users/fern", actor.show)
    app.router.add_get("/.well-known/webfinger", actor.webfinger)
    app.router.add_post("/in/{number}", actor.swallow)
    app.router.add_post("/users/fern/inbox", actor.swallow)
    runner = AppRunner(app, access_log=None)
    await runner.setup()
    await TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield actor
    finally:
        await runner.cleanup()
        await asyncio.sleep(0)
