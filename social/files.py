"""Pictures that people here attach to posts: uploaded, described, posted, and seen again.

Bytes are made ready before (`social/archive`); copies of what others attached are in
`social/copies`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain.audience import ANONYMOUS, Viewer
from domain.errors import Invalid, NoRoom, NotFound
from domain.html import clean_text
from domain.kinds import AccountState
from social import readers
from social.archive import Kept
from storage.queries import accounts, actors, files
from storage.queries.files import FileRow
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.posts import visible

MOST_PER_POST: Final = 4
LONGEST_ALT: Final = 1_500
"""Characters that describe a picture."""

MOST_LOOSE: Final = 40
"""Files that somebody may have uploaded and not posted."""

LARGEST_SHARE: Final = 2 << 30
"""Bytes of all files of one person."""


class Detail(Struct, frozen=True):
    """What is new about a file; None leaves it as it is. `focus` is "x,y" between -1 and 1."""

    alt: str | None = None
    focus: str | None = None


def add(tx: Tx, *, actor_id: int, kept: Kept, detail: Detail = Detail()) -> FileRow:  # noqa: B008
    """Remember an upload: nobody but its owner sees it until it is posted.

    Raises:
        Invalid: too many files wait to be posted, or the description cannot be.
        NoRoom: the person's share of the disk is full.
    """
    tx.lock(f"files of {actor_id}")
    if files.loose_of(tx, actor_id) >= MOST_LOOSE:
        raise Invalid("You have uploaded many files without posting them. Post some first.")
    if files.held_by(tx, actor_id) + kept.size > LARGEST_SHARE:
        raise NoRoom("Your files take all the room there is for one person. Delete some posts.")
    row = FileRow(
        id=new_id(tx),
        actor_id=actor_id,
        post_id=None,
        position=0,
        digest=kept.digest,
        preview=kept.preview,
        media_type=kept.media_type,
        size=kept.size,
        width=kept.width,
        height=kept.height,
        blurhash=kept.blurhash,
        alt=clean_alt(detail.alt or ""),
        focus=clean_focus(detail.focus or ""),
        source=None,
        community_id=None,
        created_at=tx.now,
        fetched_at=tx.now,
    )
    files.insert_file(tx, row)
    return row


def loose(tx: Tx, *, actor_id: int, file_id: int) -> FileRow:
    """A file of one's own that is on no post. Raises NotFound."""
    found = files.unused(tx, actor_id, [file_id]).get(file_id)
    if found is None:
        raise NotFound
    return found


def describe(tx: Tx, *, actor_id: int, file_id: int, detail: Detail) -> FileRow:
    """Say something new about a file of one's own that is on no post.

    Raises:
        NotFound: it is not theirs, or posted.
        Invalid: the description cannot be.
    """
    _describe(tx, loose(tx, actor_id=actor_id, file_id=file_id), detail)
    return loose(tx, actor_id=actor_id, file_id=file_id)


def _describe(tx: Tx, row: FileRow, detail: Detail) -> bool:
    """Whether that changed anything."""
    alt = row.alt if detail.alt is None else clean_alt(detail.alt)
    focus = row.focus if detail.focus is None else clean_focus(detail.focus)
    if (alt, focus) == (row.alt, row.focus):
        return False
    files.describe(tx, row, alt=alt, focus=focus)
    return True


def clean_alt(text: str) -> str:
    """A description as it is kept. Raises Invalid if it is too long."""
    if len(text) > LONGEST_ALT:
        raise Invalid(f"A description has at most {LONGEST_ALT} characters", "description")
    return clean_text(text, limit=LONGEST_ALT).strip()


def clean_focus(text: str) -> str:
    """The point that must be seen, "x,y" from -1 to 1 with y upwards; "" for the middle."""
    x, y = point(text)
    return f"{x:g},{y:g}" if (x, y) != (0, 0) else ""


def point(text: str) -> tuple[float, float]:
    """The same as numbers. Raises Invalid."""
    parts = text.split(",") if text.strip() else ["0", "0"]
    try:
        x, y = (float(part) for part in parts)
    except ValueError:
        raise Invalid("The focus is two numbers between -1 and 1", "focus") from None
    if not (abs(x) <= 1 and abs(y) <= 1):
        raise Invalid("The focus is two numbers between -1 and 1", "focus")
    return x, y


def attach(tx: Tx, *, actor_id: int, post_id: int, file_ids: Sequence[int]) -> None:
    """Put files on a new post, in this order.

    Raises:
        Invalid: there are too many, or one is not theirs to use.
    """
    wanted = _wanted(file_ids)
    for position, file_id in enumerate(wanted):
        if not files.attach(
            tx, actor_id=actor_id, post_id=post_id, file_id=file_id, position=position
        ):
            raise _unusable()


def _wanted(file_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(file_ids))
    if len(wanted) > MOST_PER_POST:
        raise Invalid(f"At most {MOST_PER_POST} pictures fit into one post", "media_ids")
    return wanted


def _unusable() -> Invalid:
    """One sentence for what is unknown, somebody else's, or used: nobody learns which (M07)."""
    return Invalid("One of the pictures is not there any more. Please add it again.", "media_ids")


def rearrange(
    tx: Tx,
    *,
    actor_id: int,
    post_id: int,
    file_ids: Sequence[int] | None,
    details: Mapping[int, Detail],
) -> bool:
    """Give a post these files from now on; whether that changed anything.

    `file_ids` None leaves them. What is taken off is its owner's again, for a day. Raises Invalid.
    """
    now = files.of_post(tx, post_id)
    changed = [file for file in now if file.id in details and _describe(tx, file, details[file.id])]
    if file_ids is None or _wanted(file_ids) == [file.id for file in now]:
        return bool(changed)
    wanted = _wanted(file_ids)
    here = {file.id for file in now}
    for position, file_id in enumerate(wanted):
        if file_id in here:
            files.place(tx, file_id, position)
        elif not files.attach(
            tx, actor_id=actor_id, post_id=post_id, file_id=file_id, position=position
        ):
            raise _unusable()
    files.detach(tx, here.difference(wanted))
    return True


def has_any(tx: Tx, post_id: int) -> bool:
    """Whether a post has files."""
    return bool(files.of_post(tx, post_id))


def let_go(tx: Tx, post_id: int) -> None:
    """Take the files off a deleted post of somebody here, who may write it again with them."""
    files.detach(tx, [file.id for file in files.of_post(tx, post_id) if not file.is_copy])


def seen(tx: Tx, *, file_id: int, viewer_id: int) -> FileRow:
    """A file for one reader, whose right is asked at this moment. Raises NotFound.

    `viewer_id` 0 is anybody: then its post has to be public to the world.
    """
    file = files.by_id(tx, file_id)
    viewer = _viewer(tx, viewer_id)
    if file is None or viewer is None or not file.is_here:
        raise NotFound
    if file.post_id is not None:
        visible(tx, file.post_id, viewer)
    elif file.is_copy or file.actor_id != viewer_id:
        raise NotFound
    return file


def _viewer(tx: Tx, viewer_id: int) -> Viewer | None:
    """The reader, if there is still somebody of that id who may come in."""
    if viewer_id == 0:
        return ANONYMOUS
    actor = actors.by_id(tx, viewer_id)
    if actor is None or actor.gone_at is not None:
        return None
    if actor.is_local:
        account = accounts.by_id(tx, viewer_id)
        if account is None or account.state is not AccountState.ACTIVE:
            return None
    return readers.viewer_for(tx, actor)
