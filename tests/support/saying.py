"""A document that one of our nodes is made to send, signed as it would."""

import secrets
from datetime import UTC, datetime
from typing import Any

import orjson

from activitypub.vocabulary import ACTIVITY_JSON
from domain.kinds import KeyType
from federation.signatures import Scheme, sign
from tests.support.nodes import RunningNode


async def deliver_as(
    node: RunningNode, actor_id: int, other: RunningNode, document: dict[str, Any]
) -> int:
    """POST a document to another node as this node's actor; the status."""
    key = await node.parts.keyring.signing_key(node.db, actor_id, KeyType.RSA)
    url, body = f"{other.origin}/inbox", orjson.dumps(document)
    headers = {"Content-Type": ACTIVITY_JSON}
    headers |= sign(
        method="POST",
        url=url,
        headers=headers,
        body=body,
        key=key.key,
        key_id=key.uri,
        scheme=Scheme.RFC9421_OURS,
        now=datetime.now(UTC),
        nonce=secrets.token_urlsafe(18),
    )
    return (await node.parts.client.post(url, body, headers)).status
