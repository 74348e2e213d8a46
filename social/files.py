"""Files that people here attach to posts: uploaded, described, posted, and seen again.

Pictures and documents are made ready before (`social/archive`), sound and film by a job afterwards
(`social/preparing`). What others attached is in `social/copies` and `social/on_demand`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from domain.audience import ANONYMOUS, Viewer
from domain.errors import Invalid, NoRoom, NotFound
from domain.html import clean_text
from domain.kinds import AccountState
from domain.node import Node
from social import readers
from social.archive import Kept, Room, Stored, name_of
from storage.queries import accounts, actors, files
from storage.queries.files import FileRow
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.posts import visible

MOST_PER_POST: Final = 4
LONGEST_ALT: Final = 1_500
"""Characters that describe a file."""

_IDS: Final = "media_ids"
MOST_LOOSE: Final = 40
"""Files that somebody may have uploaded and not posted."""


def proxied(node: Node, url: str) -> str:
    """The address on this node of any picture elsewhere: of a person, an emoji, a linked page.

    The other server learns of nobody who looks, and the picture is drawn anew (`social/proxying`).
    Pure, and the same for everybody; an address of this node stays as it is.
    """
    return node.proxy(url)


class Detail(Struct, frozen=True):
    """What is new about a file; None leaves it as it is. `focus` is "x,y" between -1 and 1."""

    alt: str | None = None
    focus: str | None = None


def add(
    tx: Tx,
    *,
    actor_id: int,
    kept: Kept,
    detail: Detail = Detail(),  # noqa: B008 - frozen
    room: Room = Room(),  # noqa: B008 - frozen
    name: str = "",
) -> FileRow:
    """Remember an upload: nobody but its owner sees it until it is posted.

    `name`: what it was called, kept of documents alone.

    Raises:
        Invalid: too many files wait to be posted, or the description cannot be.
        NoRoom: the person's share of the disk is full, or the node's.
    """
    row = _new(tx, actor_id=actor_id, detail=detail, room=room, size=kept.size)
    row = replace(row, **asdict(kept), fetched_at=tx.now, name=name_of(kept, name))
    files.insert_file(tx, row)
    return row


def expect(
    tx: Tx,
    *,
    actor_id: int,
    aside: Stored,
    detail: Detail = Detail(),  # noqa: B008 - frozen
    room: Room = Room(),  # noqa: B008 - frozen
) -> FileRow:
    """Remember an upload that takes long to be made ready: a job does (`social/preparing`).

    Raises as `add` does.
    """
    row = _new(tx, actor_id=actor_id, detail=detail, room=room, size=aside.size)
    row = replace(row, digest=aside.digest, media_type=aside.media_type)
    files.insert_file(tx, row)
    return row


def _new(tx: Tx, *, actor_id: int, detail: Detail, room: Room, size: int) -> FileRow:
    _make_sure_of_room(tx, actor_id, size, room)
    return FileRow(
        id=new_id(tx),
        actor_id=actor_id,
        post_id=None,
        position=0,
        digest="",
        preview="",
        media_type="",
        size=size,
        width=0,
        height=0,
        blurhash="",
        alt=clean_alt(detail.alt or ""),
        focus=clean_focus(detail.focus or ""),
        source=None,
        community_id=None,
        created_at=tx.now,
        fetched_at=None,
    )


def _make_sure_of_room(tx: Tx, actor_id: int, size: int, room: Room) -> None:
    """One at a time, so that many at once come to the same as one after the other (M12)."""
    if room.all:
        tx.lock("files of everybody")
    tx.lock(f"files of {actor_id}")
    if files.loose_of(tx, actor_id) >= MOST_LOOSE:
        raise Invalid("You have uploaded many files without posting them. Post some first.")
    if room.one and files.held_by(tx, actor_id) + size > room.one:
        raise NoRoom("Your files take all the room there is for one person. Delete some posts.")
    if room.all and files.held(tx) + size > room.all:
        raise NoRoom("There is no room for more files here. Please tell whoever runs this server.")


def ready(tx: Tx, *, file_id: int, kept: Kept, room: Room) -> None:
    """What was expected is here. If it takes more room than there is, it is not kept."""
    row = files.by_id(tx, file_id)
    if row is None or row.is_here:
        return
    tx.lock(f"files of {row.actor_id}")
    if room.one and files.held_by(tx, row.actor_id) - row.size + kept.size > room.one:
        files.tried(tx, file_id, "Your files take all the room there is for one person.")
        return
    files.fetched(tx, file_id, asdict(kept))


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


def discard(tx: Tx, *, actor_id: int, file_id: int) -> None:
    """Forget a file of one's own that is on no post.

    Raises:
        NotFound: it is not theirs.
        Invalid: it is on a post, or waits with one.
    """
    if files.discard(tx, actor_id, file_id):
        return
    if files.is_own(tx, actor_id, file_id):
        raise Invalid("This file is used by one of your posts. Delete or edit that instead.")
    raise NotFound


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
        _attach(tx, actor_id, post_id, file_id, position)


def hold(tx: Tx, *, actor_id: int, scheduled_id: int, file_ids: Sequence[int]) -> None:
    """Keep files for a post that appears later, in this order. Raises Invalid as `attach` does."""
    for position, file_id in enumerate(_wanted(file_ids)):
        known = {"actor_id": actor_id, "scheduled_id": scheduled_id}
        if not files.hold(tx, **known, file_id=file_id, position=position):
            _refuse(tx, actor_id, file_id)


def _attach(tx: Tx, actor_id: int, post_id: int, file_id: int, position: int) -> None:
    done = files.attach(tx, actor_id=actor_id, post_id=post_id, file_id=file_id, position=position)
    if not done:
        _refuse(tx, actor_id, file_id)


def _refuse(tx: Tx, actor_id: int, file_id: int) -> None:
    """Say why a file cannot be used. Raises Invalid."""
    own = files.unused(tx, actor_id, [file_id]).get(file_id)
    if own is None:
        raise _unusable()
    raise Invalid(own.trouble or "A file is still being made ready. Try again in a moment!", _IDS)


def _wanted(file_ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(file_ids))
    if len(wanted) > MOST_PER_POST:
        raise Invalid(f"At most {MOST_PER_POST} files fit into one post", _IDS)
    return wanted


def _unusable() -> Invalid:
    """One sentence for what is unknown, somebody else's, or used: nobody learns which (M07)."""
    return Invalid("One of the files is not there any more. Please add it again.", _IDS)


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
    wanted = [file.id for file in now] if file_ids is None else _wanted(file_ids)
    if wanted == [file.id for file in now]:
        return _describe_all(tx, now, details)
    here = {file.id for file in now}
    for position, file_id in enumerate(wanted):
        if file_id in here:
            files.place(tx, file_id, position)
        else:
            _attach(tx, actor_id, post_id, file_id, position)
    files.detach(tx, here.difference(wanted))
    _describe_all(tx, files.of_post(tx, post_id), details)
    return True


def _describe_all(tx: Tx, now: Sequence[FileRow], details: Mapping[int, Detail]) -> bool:
    """Whether that changed anything."""
    told = [file for file in now if file.id in details]
    return bool([file for file in told if _describe(tx, file, details[file.id])])


def has_any(tx: Tx, post_id: int) -> bool:
    """Whether a post has files."""
    return bool(files.of_post(tx, post_id))


def let_go(tx: Tx, post_id: int) -> None:
    """Take the files off a deleted post of somebody here, who may write it again with them."""
    files.detach(tx, [file.id for file in files.of_post(tx, post_id) if not file.is_copy])


def drop_all(tx: Tx, post_id: int) -> None:
    """Forget the files of a deleted post of somebody here, who does not want them any more."""
    files.forget(tx, [file.id for file in files.of_post(tx, post_id) if not file.is_copy])


def seen(tx: Tx, *, file_id: int, viewer_id: int) -> FileRow:
    """A file for one reader, whose right is asked at this moment. Raises NotFound.

    `viewer_id` 0 is anybody: then its post has to be public to the world.
    """
    file = files.by_id(tx, file_id)
    viewer = _viewer(tx, viewer_id)
    if file is None or viewer is None or not file.is_shown:
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
