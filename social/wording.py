"""The words of posts that other servers sent, as they are kept: with titles, links and tags."""

from html import escape

from activitypub.parse.posts import Attachment, NoteDocument
from domain.audience import Kind
from domain.html import clean
from domain.kinds import PostType
from domain.text import fold_tag
from social.copies import are_copied, without_pictures
from storage.views.posts import Tag


def content_for(note: NoteDocument, kind: Kind) -> str:
    """The words of a post with this audience: pictures that are copied are not linked in them."""
    return content_of(without_pictures(note) if are_copied(kind) else note)


def content_of(note: NoteDocument) -> str:
    """The words, after a title and before links to what is attached."""
    title = f"<p><strong>{escape(note.name)}</strong></p>" if _has_title(note) else ""
    if not (title or note.attachments):
        return note.content  # cleaned when it was parsed
    return clean(title + note.content + "".join(map(_attached, note.attachments)))


def _has_title(note: NoteDocument) -> bool:
    return bool(note.name) and note.type not in {PostType.NOTE, PostType.QUESTION}


def _attached(file: Attachment) -> str:
    shown = file.alt or file.url.rpartition("/")[2] or file.type
    return f'<p><a href="{escape(file.url)}">{escape(shown)}</a></p>'


def tags_of(note: NoteDocument) -> list[Tag]:
    """The tags that a post is marked with."""
    return [Tag(fold_tag(tag.name), tag.name) for tag in note.hashtags]
