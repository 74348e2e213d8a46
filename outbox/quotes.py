"""Asking to quote, answering who asks, and taking consent back (FEP-044f)."""

from activitypub.render import quotes as render
from activitypub.render.posts import note
from domain.node import Node
from outbox.addresses import address_of
from outbox.publish import to_one
from storage.queries.ids import new_id
from storage.queries.quotes import QuoteRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostView


def request(
    tx: Tx, *, node: Node, post: PostView, author: ActorView, quoted_uri: str, request_id: int
) -> None:
    """One of ours quotes a post elsewhere: QuoteRequest to its author, after the Create."""
    whole = note(post, node, address_of(tx, post))
    uri = node.activity(request_id)
    document = render.request(uri, post.author, quoted_uri=quoted_uri, author=author, note=whole)
    to_one(tx, post.author, author, request_id, document, subject=post.row.uri)


def answered(
    tx: Tx, *, node: Node, quote: QuoteRow, author: ActorView, quoter: ActorView, uri: str
) -> None:
    """Somebody elsewhere quotes one of ours: Accept with the consent, or Reject.

    `uri`: the QuoteRequest that is answered.
    """
    asked = render.asked(uri, quoter, quoting=quote.uri, quoted=quote.quoted_uri)
    activity_id = new_id(tx)
    answer = node.activity(activity_id)
    if quote.authorization_uri is not None:
        document = render.accept(answer, author, asked, quote.authorization_uri)
    else:
        document = render.reject(answer, author, asked)
    to_one(tx, author, quoter, activity_id, document, subject=quote.uri)


def revoked(
    tx: Tx, *, node: Node, authorization_uri: str, author: ActorView, quoter: ActorView, about: str
) -> None:
    """One of ours takes consent back: Delete of the authorization, to who quotes."""
    activity_id = new_id(tx)
    document = render.revoke(node.activity(activity_id), author, quoter, authorization_uri)
    to_one(tx, author, quoter, activity_id, document, subject=about)
