"""What the node tells a person: a private post of the helper, `@tertulia` (protocol §1)."""

from collections.abc import Collection

from domain.audience import Kind
from domain.choices import Hint
from domain.ids import HERE
from domain.kinds import NotificationKind, PostType
from domain.node import HELPER_HANDLE, Node
from domain.text import to_html
from social import storing
from social.notifications import notify
from storage.queries import actors
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow


def tell_hints(
    tx: Tx, *, node: Node, person_id: int, about: PostRow, hints: Collection[Hint]
) -> int | None:
    """Tell an author what became of a post, once; the notice's post id, or None without hints."""
    if not hints:
        return None
    sentences = "\n".join(f"{hint.value}." for hint in hints)
    return tell(tx, node=node, person_id=person_id, text=f"{sentences}\n\n{about.url}")


def tell(tx: Tx, *, node: Node, person_id: int, text: str) -> int | None:
    """Write to one person here; the post's id, or None before the helper exists."""
    helper = actors.local_by_handle(tx, HELPER_HANDLE)
    if helper is None:
        return None
    row = _row(tx, node, helper, text)
    storing.store(tx, row, silent=(person_id,))
    notify(
        tx,
        actor_id=person_id,
        kind=NotificationKind.NOTICE,
        from_id=helper.id,
        post_id=row.id,
    )
    storing.spread(tx, row.id)
    return row.id


def _row(tx: Tx, node: Node, helper: ActorView, text: str) -> PostRow:
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
        root_id=identifier,
        root_kind=Kind.DIRECT,
        root_owner_id=0,
        root_author_id=helper.id,
        quiet=False,
        reply_to_id=None,
        reply_to_uri=None,
        reply_to_author_id=None,
        content=to_html(text, {}, lambda tag: f"{node.origin}/tags/{tag}"),
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
