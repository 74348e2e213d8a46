"""What a post said before, and what its author typed: StatusEdit and StatusSource."""

from collections.abc import Sequence
from typing import TypedDict

from domain.audience import Viewer
from domain.node import Node
from storage.queries.files import FileRow
from storage.views.actors import ActorView
from storage.views.posts import PostView
from web.mastodon.entities.accounts import Account, account
from web.mastodon.entities.emojis import CustomEmoji, shown
from web.mastodon.entities.formats import Id, Moment
from web.mastodon.entities.media import MediaAttachment, media
from web.mastodon.entities.times import moment


class StatusSource(TypedDict):
    """What the author typed."""

    id: Id
    text: str
    spoiler_text: str


class EditedOption(TypedDict):
    """A choice of a poll, in an older version."""

    title: str


class EditedPoll(TypedDict):
    """The choices of a poll, in an older version."""

    options: list[EditedOption]


class StatusEdit(TypedDict):
    """One version of a post."""

    content: str
    spoiler_text: str
    sensitive: bool
    created_at: Moment
    account: Account
    poll: EditedPoll | None
    quote: None
    media_attachments: list[MediaAttachment]
    emojis: list[CustomEmoji]


def source(post: PostView) -> StatusSource:
    """What the author typed, for the edit screen (StatusSource)."""
    return {"id": str(post.row.id), "text": post.row.source or "", "spoiler_text": post.row.summary}


def edit(
    author: ActorView,
    node: Node,
    viewer: Viewer,
    *,
    content: str,
    summary: str,
    sensitive: bool,
    made_at: int,
    files: tuple[FileRow, ...] = (),
    emojis: bytes = b"",
    options: Sequence[str] = (),
) -> StatusEdit:
    """One version of a post (StatusEdit). `made_at` in ms."""
    return {
        "content": content,
        "spoiler_text": summary,
        "sensitive": sensitive,
        "created_at": moment(made_at),
        "account": account(author, node, viewer),
        "poll": {"options": [{"title": name} for name in options]} if options else None,
        "quote": None,
        "media_attachments": [media(file, node, viewer.actor) for file in files],
        "emojis": shown(emojis, node),
    }
