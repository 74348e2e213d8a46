"""OAuth scopes of the client API: a small lattice (Mastodon API, "OAuth scopes").

`read` covers `read:statuses`; the old `follow` covers reading and writing of relationships.
"""

from typing import Final

_READ: Final = (
    *("accounts", "blocks", "bookmarks", "favourites", "filters", "follows", "lists", "mutes"),
    *("notifications", "search", "statuses"),
)
_WRITE: Final = (
    *("accounts", "blocks", "bookmarks", "conversations", "favourites", "filters", "follows"),
    *("lists", "media", "mutes", "notifications", "reports", "statuses"),
)
_FOLLOW: Final = frozenset(
    f"{verb}:{noun}" for verb in ("read", "write") for noun in ("blocks", "follows", "mutes")
)
KNOWN: Final = (
    *("read", *(f"read:{noun}" for noun in _READ)),
    *("write", *(f"write:{noun}" for noun in _WRITE)),
    *("follow", "push", "profile"),
)
"""Every scope that can be granted, in the order in which they are advertised."""

ALL: Final = "read write follow push profile"
DEFAULT: Final = "read"


def parse(text: str) -> list[str]:
    """The scopes in `text`, each once, in their order, without those that this node cannot grant.

    Clients ask for scopes of servers that they know better; what is left out is missing from the
    answer, which names every scope that was granted.
    """
    return [scope for scope in dict.fromkeys(text.replace("+", " ").split()) if scope in KNOWN]


def covers(granted: str, needed: str) -> bool:
    """Whether scopes that were granted allow what needs the scope `needed`."""
    held = frozenset(granted.split())
    if needed in held or needed.partition(":")[0] in held:
        return True
    if needed == "profile":
        return covers(granted, "read:accounts")
    return needed in _FOLLOW and "follow" in held


def within(wanted: str, granted: str) -> bool:
    """Whether every scope in `wanted` is allowed by those in `granted`."""
    return all(covers(granted, scope) for scope in wanted.split())
