"""Words for people: translated here, and the same sentence for the same thing everywhere.

Members never meet the words audience, reach, network or node (protocol §1): they read "everyone at
work", a community's name, or "only the people named". Catalogues are read from `locale/` once there
are any; until then the English text is its own translation.
"""

from datetime import UTC, datetime, timedelta
from gettext import NullTranslations
from pathlib import Path
from typing import Final

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.support import Translations

from domain.addressing import may_share
from domain.audience import Kind
from domain.filters import Filter, Place
from domain.kinds import Role
from social import pins
from storage.queries.files import FileRow
from storage.queries.polls import Poll
from storage.views.filtering import filter_in
from storage.views.posts import PostView, QuoteView

LANGUAGE: Final = "en"
TRANSLATIONS: Final[NullTranslations] = Translations.load(
    str(Path(__file__).parent / "locale"), [LANGUAGE], "tertulia"
)
WEEK: Final = timedelta(days=7)


def gettext(message: str) -> str:
    """The message in the language of this page; imported as `_`, which catalogues look for."""
    return TRANSLATIONS.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """The message for so many."""
    return TRANSLATIONS.ngettext(one, many, count)


_ = gettext


def folded_by(post: PostView, place: Place | None, reader_id: int) -> Filter | None:
    """The reader's filter because of which a post is folded here, or hidden; none for own words."""
    if place is None or post.shown.author.id == reader_id:
        return None
    return filter_in(post, place)


def weight(file: FileRow) -> str:
    """How long a file plays and how large it is, as far as that is known."""
    said = []
    if file.duration:
        minutes, seconds = divmod(round(file.duration / 1000), 60)
        said.append(f"{minutes}:{seconds:02}")
    if file.size:
        large = file.size >= 1 << 20
        said.append(f"{file.size / (1 << 20):.1f} MB" if large else f"{-(-file.size >> 10)} kB")
    return f"({', '.join(said)})" if said else ""


def readers(post: PostView, place: str = "") -> str:
    """Who reads a post, in a few words: the narrower of its own readers and of its thread's.

    `place` is the community's name, where there is one.
    """
    row = post.row
    narrower = max(row.audience, row.root_audience)
    if narrower.kind is Kind.FOLLOWERS:
        if narrower.owner != post.author.id:
            return _("Followers of who began this conversation")
        return _("Followers of {name}").format(name=post.author.name or post.author.handle)
    if narrower.kind is Kind.COMMUNITY:
        return place or _("Members of the community")
    return {
        Kind.PUBLIC: _("Anyone, also outside work"),
        Kind.NETWORK: _("Everyone at work"),
        Kind.NODE: _("Everyone at work"),
    }.get(narrower.kind, _("Only the people named"))


def may_be_shared(post: PostView) -> bool:
    """Whether sharing it keeps it among the people who read it anyway (protocol §1)."""
    return may_share(post.row.audience, post.row.root_audience)


def most_votes(poll: Poll) -> int:
    """How far the longest bar of a poll goes: everybody who voted, or the most that one got."""
    return max(1, poll.voters or 0, *(option.votes for option in poll.options))


def quote_choices() -> list[tuple[str, str]]:
    """Who may be let quote a post, in words."""
    return [
        ("public", _("Everyone who can read it")),
        ("followers", _("My followers")),
        ("nobody", _("Only me")),
    ]


def instead_of_quote(quote: QuoteView) -> str:
    """What is said where a quoted post is not shown."""
    return {
        "pending": _("The quoted post is shown once its author agrees."),
        "rejected": _("The author of the quoted post does not agree to this quote."),
        "revoked": _("The author of the quoted post took this quote back."),
        "blocked_account": _("A post of somebody with whom you share a block is not shown."),
        "blocked_domain": _("A post from a server that you shut out is not shown."),
        "muted_account": _("A post of somebody whom you mute is not shown."),
    }.get(quote.state, _("The quoted post is not there."))


def may_be_pinned(post: PostView) -> bool:
    """Whether it may stand at the top of its author's page."""
    return pins.may_be_pinned(post.row)


def moment(ms: int) -> datetime:
    """Milliseconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def when(ms: int, now: int) -> str:
    """How long ago, or the date once it is more than a week."""
    passed = timedelta(milliseconds=max(0, now - ms))
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < WEEK:
        return format_timedelta(-passed, add_direction=True, threshold=1, locale=LANGUAGE)
    return format_date(moment(ms).date(), format="medium", locale=LANGUAGE)


def exactly(ms: int) -> str:
    """The full date and time, for who wants to know."""
    return f"{format_datetime(moment(ms), format='medium', locale=LANGUAGE)} UTC"


def to_the_minute(ms: int) -> str:
    """The date and time as one says them."""
    day = format_date(moment(ms), format="medium", locale=LANGUAGE)
    return f"{day}, {format_time(moment(ms), format='short', locale=LANGUAGE)} UTC"


def role(value: Role) -> str:
    """What somebody is here, for an invitation."""
    return {Role.GUEST: _("guest"), Role.MEMBER: _("member"), Role.MODERATOR: _("moderator")}.get(
        value, _("administrator")
    )


def scopes(granted: str) -> list[str]:
    """What an app may do, one sentence each (OAuth scopes of the client API)."""
    return list(dict.fromkeys(_scope(scope) for scope in granted.split()))


def _scope(scope: str) -> str:
    whole = {
        "read": _("Read everything that you can read: posts, people, your notifications"),
        "write": _("Post, answer, like and delete in your name, and change your profile"),
        "follow": _("Follow and unfollow people for you"),
        "push": _("Show you notifications"),
        "profile": _("See your name and picture"),
    }
    if scope in whole:
        return whole[scope]
    verb, __, noun = scope.partition(":")
    sentence = _("Read your {noun}") if verb == "read" else _("Change your {noun}")
    return sentence.format(noun=_nouns().get(noun, noun))


def _nouns() -> dict[str, str]:
    return {
        "accounts": _("profile and the people you see"),
        "blocks": _("list of people you blocked"),
        "bookmarks": _("bookmarks"),
        "conversations": _("conversations"),
        "favourites": _("likes"),
        "filters": _("filters"),
        "follows": _("list of people you follow"),
        "lists": _("lists"),
        "media": _("pictures and files"),
        "mutes": _("list of people you muted"),
        "notifications": _("notifications"),
        "reports": _("reports"),
        "search": _("searches"),
        "statuses": _("posts"),
    }
