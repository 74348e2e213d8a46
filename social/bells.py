"""The bell: whoever follows somebody with `notify` is told of each post that they begin.

A community's bell rings for what begins a thread in it. Answers and shares ring for nobody, and
whoever the post names has been told by that already.
"""

from domain.audience import Kind
from domain.kinds import NotificationKind
from social.notifications import notify
from storage.audience import readers_among
from storage.queries import follows
from storage.tx import Tx
from storage.views.posts import PostRow


def ring(tx: Tx, row: PostRow, *, place_id: int | None = None) -> None:
    """Tell those of ours who want to know that a post is new, as far as they may read it.

    `place_id`: the community that shows it, if one does.
    """
    if row.share_of_id is not None or _answers(row):
        return
    targets = [row.author_id] if place_id is None else [row.author_id, place_id]
    wanting = follows.wanting_notice(tx, row.id, targets, row.language)
    wanting.pop(row.author_id, None)
    if not wanting:
        return
    everybody = row.kind is Kind.PUBLIC and row.root_kind is Kind.PUBLIC
    readers = wanting.keys() if everybody else readers_among(tx, row.id, wanting.keys())
    for actor_id in sorted(readers):
        heard_of = wanting[actor_id]
        from_id = row.author_id if row.author_id in heard_of else min(heard_of)
        notify(tx, actor_id=actor_id, kind=NotificationKind.STATUS, from_id=from_id, post_id=row.id)


def _answers(row: PostRow) -> bool:
    """Whether it answers somebody else; one's own thread goes on by oneself."""
    answers = row.reply_to_id is not None or row.reply_to_uri is not None
    return answers and row.reply_to_author_id != row.author_id
