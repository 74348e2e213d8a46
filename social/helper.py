"""What the node tells a person: a private post of the helper, `@tertulia` (protocol §1)."""

from collections.abc import Collection, Mapping

from activitypub.render.activities import create
from domain.audience import Kind
from domain.choices import Hint
from domain.handles import Acct, fold
from domain.ids import HERE
from domain.kinds import NotificationKind, PostType
from domain.node import HELPER_HANDLE, Node
from domain.text import Mentioned, to_html
from outbox import publish
from outbox.addresses import address_of
from outbox.publish import Reach
from social import storing
from social.notifications import notify
from storage.queries import actors
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, for_delivery


def tell_hints(
    tx: Tx, *, node: Node, person_id: int, about: PostRow, hints: Collection[Hint]
) -> int | None:
    """Tell an author what became of a post, once; the notice's post id, or None without hints."""
    if not hints:
        return None
    sentences = "\n".join(f"{hint.value}." for hint in hints)
    return tell(tx, node=node, person_id=person_id, text=f"{sentences}\n\n{about.url}")


def tell(
    tx: Tx,
    *,
    node: Node,
    person_id: int,
    text: str,
    answers: PostRow | None = None,
    names: Collection[int] = (),
) -> int | None:
    """Write to one person, here or elsewhere; the post's id, or None if nobody can be told.

    `answers`: what the person wrote to the helper. `names`: actors of ours of whom the text
    speaks; the person's server may look them up from now on.
    """
    helper = actors.local_by_handle(tx, HELPER_HANDLE)
    person = actors.by_id(tx, person_id)
    if helper is None or person is None or person.gone_at is not None:
        return None
    if person.is_local:
        row = _row(tx, node, helper, text, answers=answers)
        _tell_here(tx, row, person)
        return row.id
    if not person.inbox:
        return None  # known from a card only
    acct = Acct(person.handle, person.domain)
    people = {acct.folded: Mentioned(person.url, str(acct))}
    row = _row(tx, node, helper, f"@{acct} {text}", answers=answers, people=people)
    _tell_elsewhere(tx, node, row, person, names=(helper.id, *names))
    return row.id


def is_helper(actor: ActorView) -> bool:
    """Whether this is our own helper."""
    return actor.is_local and fold(actor.handle) == HELPER_HANDLE


def _tell_here(tx: Tx, row: PostRow, person: ActorView) -> None:
    storing.store(tx, row, silent=(person.id,))
    notify(
        tx,
        actor_id=person.id,
        kind=NotificationKind.NOTICE,
        from_id=row.author_id,
        post_id=row.id,
    )
    storing.spread(tx, row.id)


def _tell_elsewhere(
    tx: Tx, node: Node, row: PostRow, person: ActorView, *, names: Collection[int]
) -> None:
    """A private mention of exactly one person, to the personal inbox: every server shows it."""
    storing.store(tx, row, named=(person.id,))
    view = for_delivery(tx, row.id)
    activity_id = new_id(tx)
    publish.publish(
        tx,
        actor=view.author,
        activity_id=activity_id,
        document=create(node.activity(activity_id), view, node, address_of(tx, view)),
        reach=Reach(
            subject=f"{view.author.uri} {person.uri}",
            actors=(person.id,),
            personal=True,
            remember=row.id,
            names=tuple(names),
        ),
        post_id=row.id,
    )


def _row(
    tx: Tx,
    node: Node,
    helper: ActorView,
    text: str,
    *,
    answers: PostRow | None = None,
    people: Mapping[str, Mentioned] | None = None,
) -> PostRow:
    identifier = new_id(tx)
    return PostRow(
        id=identifier,
        uri=node.post(identifier),
        url=node.post_page(helper.handle, identifier),
        origin_id=HERE,
        author_id=helper.id,
        type=PostType.NOTE,
        place_id=None,
        share_of_id=None,
        kind=Kind.DIRECT,
        owner_id=0,
        root_id=answers.root_id if answers else identifier,
        root_kind=answers.root_kind if answers else Kind.DIRECT,
        root_owner_id=answers.root_owner_id if answers else 0,
        root_author_id=answers.root_author_id if answers else helper.id,
        quiet=False,
        reply_to_id=answers.id if answers else None,
        reply_to_uri=None,
        reply_to_author_id=answers.author_id if answers else None,
        content=to_html(text, people or {}, lambda tag: f"{node.origin}/tags/{tag}"),
        source=text,
        summary="",
        sensitive=False,
        language=None,
        app_id=None,
        created_at=tx.now,
        stored_at=tx.now,
        edited_at=None,
        deleted_at=None,
        replies_count=0,
        likes_count=0,
        shares_count=0,
        version=1,
    )
