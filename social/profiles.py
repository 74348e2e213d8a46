"""How people present themselves: name, bio, fields, and what a new post starts with."""

from collections.abc import Mapping
from html import escape
from typing import Final

import orjson
from msgspec import Struct

from domain.addresses import BadUrl, canonical_authority
from domain.errors import Invalid, NotFound
from domain.html import clean, clean_inline, clean_text
from domain.kinds import Portrait
from domain.node import Node
from domain.quotes import CHOICES
from domain.text import to_html
from outbox import publish
from social import cards, emojis
from social.archive import Stored
from storage.queries import accounts, actors, portraits, profile_choices
from storage.tx import Tx
from storage.views.actors import ActorView

LONGEST_NAME: Final = 60
LONGEST_BIO: Final = 1_000
MOST_FIELDS: Final = 4
LONGEST_FIELD: Final = 255
LONGEST_PICTURE_TEXT: Final = 1_500
"""Characters of what is on a picture, for who cannot see it."""

MOST_WEBSITES: Final = 10
VISIBILITIES: Final = ("public", "unlisted", "private", "direct")


class ProfileChange(Struct, frozen=True, kw_only=True):
    """What a person changes; None leaves a thing as it is. Nothing else can be changed (Z04)."""

    name: str | None = None
    bio: str | None = None
    fields: list[tuple[str, str]] | None = None
    locked: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    public: bool | None = None  # may be looked up from outside (protocol §3)
    automated: bool | None = None
    hides_follows: bool | None = None
    picture_texts: Mapping[Portrait, str] = {}
    credited_by: list[str] | None = None  # websites that may name the person as an author
    shows_media: bool | None = None
    shows_media_replies: bool | None = None
    shows_featured: bool | None = None
    default_visibility: str | None = None
    default_sensitive: bool | None = None
    default_language: str | None = None
    default_quote_policy: str | None = None
    # Drawn and kept by `social/archive`; None in a place takes the picture there away.
    pictures: Mapping[Portrait, Stored | None] = {}


class Defaults(Struct, frozen=True):
    """What a new post of this person starts with, in the words of the client API."""

    visibility: str
    sensitive: bool
    language: str | None
    quote_policy: str = "public"


def update_profile(tx: Tx, *, node: Node, actor_id: int, change: ProfileChange) -> ActorView:
    """Change how a person presents herself, and tell the servers of her followers.

    Raises:
        Invalid: something is too long, or there are too many fields.
        NotFound: nobody of that id lives here.
    """
    before = _local(tx, actor_id)
    _update_defaults(tx, actor_id, change)
    _update_choices(tx, actor_id, change)
    _update_actor(tx, node, before, change)
    after = _local(tx, actor_id)
    if after.version != before.version:
        cards.refresh(tx, node, actor_id)
        publish.actor_updated(tx, node=node, actor=after)
    return after


def _update_actor(tx: Tx, node: Node, before: ActorView, change: ProfileChange) -> None:
    bio = before.summary_source if change.bio is None else _checked_bio(change.bio)
    fields = before.fields if change.fields is None else _rendered_fields(node, change.fields)
    wanted = {
        "name": before.name if change.name is None else _checked_name(before, change.name),
        "summary": before.summary if change.bio is None else _rendered(node, bio),
        "summary_source": bio,
        "fields": fields,
        "locked": _either(change.locked, before.locked),
        "discoverable": _either(change.discoverable, before.discoverable),
        "indexable": _either(change.indexable, before.indexable),
        "public": _either(change.public, before.public),
        "avatar": _picture(tx, node, before, Portrait.AVATAR, change),
        "header": _picture(tx, node, before, Portrait.HEADER, change),
        "automated": _either(change.automated, before.automated),
        "hides_follows": _either(change.hides_follows, before.hides_follows),
        "avatar_text": _picture_text(Portrait.AVATAR, before.avatar_text, change),
        "header_text": _picture_text(Portrait.HEADER, before.header_text, change),
    }
    texts = (str(wanted["name"]), bio, fields.decode())
    wanted["emojis"] = emojis.meant(tx, node, *texts)
    if any(getattr(before, name) != value for name, value in wanted.items()):
        actors.update_profile(tx, before.id, **wanted)  # type: ignore[arg-type]


def _picture(
    tx: Tx, node: Node, before: ActorView, part: Portrait, change: ProfileChange
) -> str | None:
    """The address of a picture, once it was kept in the place of the one before."""
    if part not in change.pictures:
        return before.avatar if part is Portrait.AVATAR else before.header
    new = change.pictures[part]
    if new is None:
        portraits.drop(tx, actor_id=before.id, part=part)
        return None
    portraits.put(tx, actor_id=before.id, part=part, digest=new.digest, media_type=new.media_type)
    return node.portrait(before.id, new.digest)


def _picture_text(part: Portrait, before: str | None, change: ProfileChange) -> str | None:
    """What is on a picture: what was sent; nothing of another picture than before."""
    text = change.picture_texts.get(part)
    if text is None:
        return None if part in change.pictures else before
    if len(text) > LONGEST_PICTURE_TEXT:
        raise Invalid(f"A description has at most {LONGEST_PICTURE_TEXT} characters", "description")
    return clean_text(text, limit=LONGEST_PICTURE_TEXT).strip() or None


def _either(wish: bool | None, before: bool) -> bool:
    return before if wish is None else wish


def _checked_name(before: ActorView, text: str) -> str:
    if len(text) > LONGEST_NAME:
        raise Invalid(f"A name has at most {LONGEST_NAME} characters", "display_name")
    return clean_inline(text, limit=LONGEST_NAME) or before.handle


def _checked_bio(text: str) -> str:
    if len(text) > LONGEST_BIO:
        raise Invalid(f"A bio has at most {LONGEST_BIO} characters", "note")
    return clean_text(text, limit=LONGEST_BIO).strip()


def _rendered(node: Node, text: str) -> str:
    """A bio names nobody: what looks like a mention stays text."""
    return clean(to_html(text, {}, lambda tag: f"{node.origin}/tags/{tag}")) if text else ""


def _rendered_fields(node: Node, fields: list[tuple[str, str]]) -> bytes:
    if len(fields) > MOST_FIELDS:
        raise Invalid(f"A profile has at most {MOST_FIELDS} fields", "fields_attributes")
    rendered = []
    for name, value in fields:
        if len(name) > LONGEST_FIELD or len(value) > LONGEST_FIELD:
            raise Invalid(f"A field has at most {LONGEST_FIELD} characters", "fields_attributes")
        label = clean_inline(name, limit=LONGEST_FIELD)
        if label:
            rendered.append([label, _inline(node, clean_inline(value, limit=LONGEST_FIELD))])
    return orjson.dumps(rendered)


def _inline(node: Node, text: str) -> str:
    """One line of HTML without its paragraph."""
    html = _rendered(node, text)
    inner = html.removeprefix("<p>").removesuffix("</p>")
    return escape(text) if "<p>" in inner else inner


def _update_choices(tx: Tx, actor_id: int, change: ProfileChange) -> None:
    before = profile_choices.find(tx, actor_id)
    sites = change.credited_by
    wanted = profile_choices.ProfileChoices(
        _either(change.shows_media, before.shows_media),
        _either(change.shows_media_replies, before.shows_media_replies),
        _either(change.shows_featured, before.shows_featured),
        before.credited_by if sites is None else _checked_sites(sites),
    )
    if wanted != before:
        profile_choices.put(tx, actor_id, wanted)


def _checked_sites(names: list[str]) -> tuple[str, ...]:
    if len(names) > MOST_WEBSITES:
        raise Invalid(f"At most {MOST_WEBSITES} websites may name you", "attribution_domains")
    try:
        found = (canonical_authority(_bare(name)) for name in names if name.strip())
        return tuple(dict.fromkeys(found))
    except BadUrl:
        raise Invalid("A website is a name such as blog.example", "attribution_domains") from None


def _bare(name: str) -> str:
    """A website's name, also where its address was typed."""
    return name.strip().partition("://")[2].partition("/")[0] or name.strip()


def _update_defaults(tx: Tx, actor_id: int, change: ProfileChange) -> None:
    now = defaults(tx, actor_id)
    if change.default_visibility not in {None, *VISIBILITIES}:
        raise Invalid(f"Visibility is one of {', '.join(VISIBILITIES)}", "source")
    language = now.language if change.default_language is None else change.default_language or None
    if language is not None and not (language.isascii() and 2 <= len(language) <= 16):
        raise Invalid("This is not a language code", "source")
    if change.default_quote_policy not in {None, *CHOICES}:
        raise Invalid(f"Who may quote is one of {', '.join(CHOICES)}", "source")
    wanted = Defaults(
        change.default_visibility or now.visibility,
        now.sensitive if change.default_sensitive is None else change.default_sensitive,
        language,
        change.default_quote_policy or now.quote_policy,
    )
    if wanted != now:
        accounts.set_defaults(
            tx,
            actor_id,
            visibility=wanted.visibility,
            sensitive=wanted.sensitive,
            language=wanted.language,
            quote_policy=wanted.quote_policy,
        )


def defaults(tx: Tx, account_id: int) -> Defaults:
    """What a new post of this person starts with.

    Raises:
        NotFound: there is no such account.
    """
    account = accounts.by_id(tx, account_id)
    if account is None:
        raise NotFound
    return Defaults(
        account.default_visibility,
        account.default_sensitive,
        account.default_language,
        account.default_quote_policy,
    )


def _local(tx: Tx, actor_id: int) -> ActorView:
    actor = actors.by_id(tx, actor_id)
    if actor is None or not actor.is_local:
        raise NotFound
    return actor
