"""Quoting by people here, and what they let others do with their posts (protocol §1, FEP-044f).

A quote stays inside the audience of what it quotes, and nobody is quoted against their will: people
here are asked through the policy of their post, people elsewhere by a QuoteRequest.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from domain.audience import Kind, Viewer
from domain.errors import Invalid, NotAllowed, NotFound
from domain.node import Node
from domain.quotes import CHOICES, QuoteState, Standing, is_inside, stays_inside
from outbox import publish
from outbox import quotes as out
from social import consent, places, readers
from social.consent import authorization_of, settle
from storage.queries import actors, follows, posts, quotes
from storage.queries.ids import new_id
from storage.queries.quotes import QuoteRow
from storage.tx import Tx
from storage.views.posts import PostRow, PostView, for_delivery, visible

_WIDER: Final = (
    "Not everybody who would read this may read the post that you quote. Choose fewer readers"
)
_UNSEEN: Final = "Its author would not get to see your post, and so cannot agree to be quoted in it"


class Chosen(Struct, frozen=True):
    """The post that is quoted, and whether its author has to be asked."""

    quoted: PostView
    asks: bool


def chosen(tx: Tx, viewer: Viewer, row: PostRow, named: frozenset[int], quoted_id: int) -> Chosen:
    """The post that somebody here wants to quote in the new post `row`, which names `named`.

    Raises:
        NotFound: it is not there for the author.
        NotAllowed: it is for some people only, or its author does not want that.
        Invalid: more people would read the quote than the quoted post, or its author could not.
    """
    quoted = visible(tx, quoted_id, viewer).shown
    if follows.is_blocked(tx, viewer.actor, quoted.author.id):
        raise NotFound
    if quoted.flags.may_quote is Standing.DENIED:
        raise NotAllowed("Its author, or whom it is for, does not let it be quoted")
    if not _is_within(tx, row, named, quoted.row):
        raise Invalid(_WIDER, "visibility")
    if quoted.author.is_local:
        return Chosen(quoted, asks=False)
    if is_inside(row.audience, row.root_audience):
        if quoted.flags.may_quote is not Standing.AUTOMATIC:
            raise Invalid(_UNSEEN, "quoted_status_id")
        return Chosen(quoted, asks=False)
    if not _will_see(tx, row, named, quoted):
        raise Invalid(_UNSEEN, "quoted_status_id")
    return Chosen(quoted, asks=True)


def _is_within(tx: Tx, row: PostRow, named: frozenset[int], quoted: PostRow) -> bool:
    """Whether all who will read the new post read the quoted one anyway."""
    if stays_inside((quoted.audience, quoted.root_audience), (row.audience, row.root_audience)):
        return True
    if row.kind is not Kind.DIRECT:
        return False
    facts = posts.facts(tx, quoted)
    return all(readers.may(tx, one, facts) for one in actors.views(tx, sorted(named)))


def _will_see(tx: Tx, row: PostRow, named: frozenset[int], quoted: PostView) -> bool:
    author = quoted.author.id
    if row.is_world_public or author in named:
        return True
    mine = row.kind is Kind.FOLLOWERS and row.owner_id == row.author_id == row.root_author_id
    return mine and follows.is_following(tx, author, row.author_id)


def made(tx: Tx, *, node: Node, row: PostRow, choice: Chosen) -> None:
    """Write down what a new post of ours quotes, before it is sent."""
    quoted = choice.quoted
    quote = QuoteRow(
        id=new_id(tx),
        uri=row.uri,
        post_id=row.id,
        quoter_id=row.author_id,
        quoted_uri=quoted.row.uri,
        quoted_id=quoted.id,
        state=QuoteState.PENDING if choice.asks else QuoteState.ACCEPTED,
        unasked=False,
        counted=False,
        request_uri=None,
        authorization_uri=None,
        created_at=tx.now,
        checked_at=tx.now,
    )
    if quoted.author.is_local and quoted.author.id != row.author_id:
        quote = replace(quote, authorization_uri=authorization_of(node, quote))
    quotes.put(tx, quote)
    settle(tx, quote, fresh=True)


def ask(tx: Tx, *, node: Node, row: PostRow, choice: Chosen) -> None:
    """Ask the author of a quoted post elsewhere; the post that quotes was sent before."""
    quote, request_id = quotes.of_post(tx, row.id), new_id(tx)
    if not choice.asks or quote is None:
        return
    quotes.change(tx, replace(quote, request_uri=node.activity(request_id)))
    out.request(
        tx,
        node=node,
        post=for_delivery(tx, row.id),
        author=choice.quoted.author,
        quoted_uri=choice.quoted.row.uri,
        request_id=request_id,
    )


def set_policy(tx: Tx, *, node: Node, author_id: int, post_id: int, choice: str) -> None:
    """Change who may quote a post; quotes that were accepted stay (FEP-044f).

    Raises:
        NotFound: it is not the author's, or a share.
        Invalid: there is no such choice.
    """
    if choice not in CHOICES:
        raise Invalid(f"Choose one of {', '.join(CHOICES)}", "quote_approval_policy")
    row = _own(tx, author_id, post_id)
    if quotes.set_policy(tx, row.id, consent.policy_for(row, choice)):
        say_again(tx, node=node, row=row)


def revoke(tx: Tx, *, node: Node, author_id: int, post_id: int, quoting_id: int) -> None:
    """Take back that a post is quoted in another. Raises NotFound where it is not."""
    quoted, quote = _own(tx, author_id, post_id), quotes.of_post(tx, quoting_id)
    if quote is None or quote.quoted_id != quoted.id or quote.quoter_id == author_id:
        raise NotFound
    if quote.state is not QuoteState.ACCEPTED:
        raise NotFound
    _end(tx, node, quote, author_id)


def revoke_all(tx: Tx, *, node: Node, author_id: int, quoter_id: int) -> None:
    """Take back every quote of somebody's posts by one other: they are blocked (FEP-044f)."""
    for quote in quotes.by_of(tx, quoter_id, author_id):
        _end(tx, node, quote, author_id)


def _end(tx: Tx, node: Node, quote: QuoteRow, author_id: int) -> None:
    now = consent.held(tx, quote)
    if now is None or now.state is QuoteState.REVOKED:
        return  # somebody else ended it a moment ago
    quote = settle(tx, replace(now, state=QuoteState.REVOKED))
    author, quoter = actors.by_id(tx, author_id), actors.by_id(tx, quote.quoter_id)
    quoting = posts.by_id(tx, quote.post_id) if quote.post_id is not None else None
    if quoting is not None and quoting.is_local:
        say_again(tx, node=node, row=quoting)
    elif author is not None and quoter is not None and quote.authorization_uri is not None:
        out.revoked(
            tx,
            node=node,
            authorization_uri=quote.authorization_uri,
            author=author,
            quoter=quoter,
            about=quote.uri,
        )


def _own(tx: Tx, author_id: int, post_id: int) -> PostRow:
    row = posts.by_id(tx, post_id)
    if row is None or row.author_id != author_id or row.deleted_at is not None:
        raise NotFound
    if row.share_of_id is not None or not row.is_local:
        raise NotFound
    return row


def say_again(tx: Tx, *, node: Node, row: PostRow) -> None:
    """Tell who has a post of ours what is new beside its words: an Update that is no edit."""
    if not row.is_local or row.deleted_at is not None:
        return
    if places.travels_through(row):
        places.changed(tx, node=node, row=row)
    elif not row.stays_here:
        publish.post_edited(tx, node=node, post=for_delivery(tx, row.id))
