"""Offer, and what is said about one: agreements between nodes (protocol §3).

Accept and Undo have other meanings too, so their handlers are asked only about what is not about an
agreement. Heard is the Application actor of a node alone, as its own NodeInfo names it.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.json import MalformedDocument
from domain.addresses import parse_url
from domain.node import Node
from federation.discovery import find_application
from federation.fetcher import Fetcher
from inbox.reading import read
from inbox.signed import Dropped, Handler, SignedActivity
from social import agreement_talk
from social.agreement_talk import Talk
from storage.queries import origins
from storage.tx import Tx


class _Otherwise(Struct, frozen=True):
    """What the type's own handler made of an activity that is about no agreement."""

    meaning: Any


async def verify(signed: SignedActivity, fetcher: Fetcher) -> Talk:
    """What is said, once it is sure that the signer speaks for that node."""
    if not agreement_talk.is_about(signed.activity):
        raise Dropped("only agreements are offered here")
    talk = agreement_talk.read(signed.activity)
    if not await fetcher.db.read(_speaks, signed):
        authority = parse_url(signed.signer.uri).authority
        application = await find_application(fetcher.talk, authority)
        if application.id != signed.signer.id:
            raise Dropped("this actor does not speak for its node")
    return talk


def at_once(signed: SignedActivity) -> Talk | None:
    """The same, for who is known to speak for that node: `receive` asks."""
    return (
        agreement_talk.read(signed.activity) if agreement_talk.is_about(signed.activity) else None
    )


def receive(tx: Tx, node: Node, signed: SignedActivity, talk: Talk) -> str | None:
    """Do it. Raises Dropped unless the signer speaks for its node."""
    if not _speaks(tx, signed):
        raise Dropped("this actor does not speak for its node")
    return agreement_talk.receive(tx, node=node, origin_id=signed.signer.origin_id, talk=talk)


def _speaks(tx: Tx, signed: SignedActivity) -> bool:
    origin = origins.by_id(tx, signed.signer.origin_id)
    return origin is not None and origin.application_id == signed.signer.id


OFFER: Final = Handler(verify, receive, at_once)


def is_talk(body: bytes) -> bool:
    """Whether a body that nobody vouched for yet says that it is about an agreement.

    Such bodies are admitted from more servers; what they are is asked again of what was signed.
    """
    if body.rfind(b'"Offer"') < 0:  # from the end: twice as fast as `in`
        return False
    try:
        return agreement_talk.is_about(read(body))
    except MalformedDocument:
        return False


def or_about_agreements(handler: Handler[Any]) -> Handler[Any]:
    """A handler for a type of activity that can be about an agreement as well."""

    async def verify_either(signed: SignedActivity, fetcher: Fetcher) -> Any:
        if agreement_talk.is_about(signed.activity):
            return await verify(signed, fetcher)
        return _Otherwise(await handler.verify(signed, fetcher))

    def receive_either(tx: Tx, node: Node, signed: SignedActivity, meaning: Any) -> str | None:
        if isinstance(meaning, _Otherwise):
            return handler.receive(tx, node, signed, meaning.meaning)
        return receive(tx, node, signed, meaning)

    def at_once_either(signed: SignedActivity) -> Any:
        if agreement_talk.is_about(signed.activity):
            return at_once(signed)
        meaning = handler.at_once(signed) if handler.at_once is not None else None
        return None if meaning is None else _Otherwise(meaning)

    return Handler(verify_either, receive_either, at_once_either)
