"""The words of posts that other servers sent, as they are kept: title, text, links and tags.

A page of another server (an Article, an Event, a Video …) becomes a post that can be read where it
is: what it is about, all it says, when and where, and at the end where it came from.
"""

import re
from html import escape
from typing import Final

from msgspec import Struct

from activitypub.parse.posts import Attachment, NoteDocument
from domain import occasions
from domain.emojis import packed, used_in
from domain.html import clean
from domain.kinds import PostType
from domain.occasions import Occasion, Venue
from domain.text import fold_tag, link, to_plain
from social import link_previews
from social.copies import without_shown
from storage.queries import files, posts
from storage.tx import Tx
from storage.views.posts import PostRow, Tag

_PLAYING: Final = {PostType.VIDEO: "Video", PostType.AUDIO: "Audio"}
_BLOCK: Final = re.compile(r"<(?:p|h[1-6]|ul|ol|pre|blockquote)\b")
_CUT: Final = "…. []"  # what servers put at the end of an abstract that they cut themselves


class Words(Struct, frozen=True):
    """What a post says. `content` is clean HTML, `title` and `summary` (a warning) plain text.

    `emojis` as rows keep them (`domain.emojis.packed`).
    """

    content: str
    title: str
    summary: str
    sensitive: bool
    emojis: bytes


def rewrite(
    tx: Tx, row: PostRow, words: Words, language: str | None, *, at: int, asked: str | None
) -> bool:
    """Keep what somebody else's post said and store what it says now; False if it is deleted.

    `at` in ms; `asked`: the answers of its poll until now (`queries.polls.names_kept`).
    """
    changed = posts.edit(
        tx,
        row.id,
        content=words.content,
        source=None,
        summary=words.summary,
        sensitive=words.sensitive,
        language=language or row.language,
        edited_at=at,
        title=words.title,
        emojis=words.emojis,
        options=asked,
        had=files.kept(tx, row.id),
    )
    if changed:
        link_previews.renew(tx, row.id)
    return changed


def words_for(note: NoteDocument) -> Words:
    """The words of a post: files that stand beside it are not linked in them."""
    return words_of(without_shown(note))


def words_of(note: NoteDocument) -> Words:
    """The words, with what belongs to them and links to what is attached."""
    title, content = _title(note), _content(note)
    return Words(content, title, note.summary, note.sensitive or bool(note.summary), _emojis(note))


def _title(note: NoteDocument) -> str:
    """The title, unless the text begins with it anyway."""
    if note.name and note.content and to_plain(note.content[:4_000]).startswith(note.name):
        return ""
    return note.name


def _emojis(note: NoteDocument) -> bytes:
    """Those that are used: anything else would be kept for nothing."""
    if not note.emojis:
        return b""
    answers = [option.name for option in note.poll.options] if note.poll else []
    used = set(used_in(note.content, note.abstract, note.summary, note.name, *answers))
    return packed(one for one in note.emojis if one.shortcode in used)


def _content(note: NoteDocument) -> str:
    files = "".join(map(_attached, _others(note)))
    if note.is_short and not files:
        return note.content  # cleaned when it was parsed
    if note.is_short:
        return clean(_block(note.content) + files)
    about = _abstract(note) + _block(note.content) + _happening(note.occasion) + files
    return clean(about + _origin(note, about))


def _block(html: str) -> str:
    """Clean HTML that something may follow on a line of its own."""
    return f"<p>{html}</p>" if html and not _BLOCK.match(html) else html


def _abstract(note: NoteDocument) -> str:
    """What it is about, unless that is how the text begins."""
    if not (note.abstract and note.content):
        return note.abstract
    start = " ".join(to_plain(note.abstract).split()).rstrip(_CUT)
    return "" if " ".join(to_plain(note.content).split()).startswith(start) else note.abstract


def _others(note: NoteDocument) -> list[Attachment]:
    """What is linked; not what is heard or seen on the page that is linked anyway."""
    if note.type not in _PLAYING or note.url is None:
        return list(note.attachments)
    own = _PLAYING[note.type]
    return [each for each in note.attachments if each.type != own or each.url == note.url]


def _attached(file: Attachment) -> str:
    if file.is_page and not file.alt:
        return f"<p>{link(file.url)}</p>"
    shown = file.alt or file.url.rpartition("/")[2] or file.type
    return f'<p><a href="{escape(file.url)}">{escape(shown)}</a></p>'


def _origin(note: NoteDocument, about: str) -> str:
    """Where it came from, and how long it plays."""
    address = note.url or note.id
    what = _PLAYING.get(note.type, "")
    if note.plays:
        what = f"{what} ({occasions.length(note.plays)})"
    if not what and f'href="{escape(address)}"' in about:
        return ""
    return f"<p>{what}: {link(address)}</p>" if what else f"<p>{link(address)}</p>"


def _happening(occasion: Occasion | None) -> str:
    """When and where something happens."""
    if occasion is None:
        return ""
    lines = []
    if occasion.is_cancelled:
        lines.append("<strong>This event is cancelled.</strong>")
    elif occasion.is_uncertain:
        lines.append("<strong>This event is not certain yet.</strong>")
    when = occasions.when(occasion)
    if when:
        lines.append(f"<strong>When:</strong> {escape(when)}")
    lines += [f"<strong>Where:</strong> {_place(venue)}" for venue in occasion.venues]
    if occasion.sign_up:
        lines.append(f"<strong>Sign up:</strong> {link(occasion.sign_up)}")
    return f"<p>{'<br>'.join(lines)}</p>" if lines else ""


def _place(venue: Venue) -> str:
    address = link(venue.url) if venue.url else ""
    return ", ".join(part for part in (escape(venue.words), address) if part)


def tags_of(note: NoteDocument) -> list[Tag]:
    """The tags that a post is marked with."""
    return [Tag(fold_tag(tag.name), tag.name) for tag in note.hashtags]
