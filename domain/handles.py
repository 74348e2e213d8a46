"""Handles: the names that people type (`@ana`, `@ana@lab.example:8443`).

People and communities share one space of handles (protocol.md §2). The grammar is Mastodon's
(app/models/account.rb, USERNAME_RE), limited to 30 characters for names given out here; names of
other servers may be longer.
"""

import re
from dataclasses import dataclass
from typing import Final

from domain.errors import Invalid

LONGEST: Final = 30
LONGEST_REMOTE: Final = 200
LONGEST_HOST: Final = 253
LONGEST_FOREIGN_HOST: Final = 100
"""Characters of a host beyond a-z: turning it into ASCII costs much per character."""

_NAME: Final = re.compile(r"[a-z0-9_]++(?:[.-]++[a-z0-9_]++)*+", re.IGNORECASE | re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_SEPARATORS: Final = re.compile(r"[._-]")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)

_OWN_WORDS: Final = (
    "tertulia node helper application instance server system root null undefined none"
)
_MISLEADING_WORDS: Final = """
    admin administrator administrators owner operator moderator moderators mod staff support help
    security abuse postmaster webmaster hostmaster noreply mailerdaemon info contact legal privacy
    terms about api oauth auth login logout signin signout signup register account accounts
    settings preferences invite invites everyone everybody all here channel anyone nobody anonymous
    guest guests member members steward stewards network public local home me self you
"""

OWN: Final = frozenset(_OWN_WORDS.split())
"""Names that the node needs for itself: nobody gets them, not even from an operator."""

RESERVED: Final = OWN | frozenset(_MISLEADING_WORDS.split())
"""Those, and words that would mislead: only an operator gives them out (`admin`, `support`)."""


@dataclass(frozen=True, slots=True)
class Acct:
    """A parsed handle. `host` is None for this node, else in lower case, with its port if any."""

    name: str
    host: str | None = None

    def __str__(self) -> str:
        return self.name if self.host is None else f"{self.name}@{self.host}"

    @property
    def folded(self) -> str:
        """What to compare: handles differ by more than upper and lower case."""
        return str(Acct(fold(self.name), self.host))


def fold(handle: str) -> str:
    """The form under which a handle is unique: handles are ASCII, so lower case is enough."""
    return handle.lower()


def is_handle(name: str) -> bool:
    """Whether `name` follows the grammar for names given out here; says nothing of reserved."""
    return len(name) <= LONGEST and _NAME.fullmatch(name) is not None


def is_reserved(name: str, *, operator: bool = False) -> bool:
    """Whether `name` may not be taken; separators do not make a reserved word a different one."""
    folded = fold(name)
    words = OWN if operator else RESERVED
    return folded in words or _SEPARATORS.sub("", folded) in words


def check_new_handle(name: str, *, operator: bool = False) -> str:
    """`name`, if somebody may take it here, else Invalid. Whether it is free is asked elsewhere.

    `operator` is true where an operator of the node chooses the name, for instance in the CLI.
    """
    if not is_handle(name):
        raise Invalid(
            f"A handle has 1 to {LONGEST} letters a-z, digits and underscores;"
            " dots and hyphens may stand between them",
            "username",
        )
    if is_reserved(name, operator=operator):
        raise Invalid("This handle is reserved", "username")
    return name


def parse_acct(text: str) -> Acct | None:
    """Read `name`, `@name`, `name@host`, `@name@host:port` or `acct:…`; None if it is none of them.

    Hosts with other letters than a-z come back in their ASCII form (IDNA).
    """
    rest = text.strip().removeprefix("acct:").removeprefix("@")
    if len(rest) > LONGEST_REMOTE + LONGEST_HOST + 7:
        return None
    name, separator, host = rest.partition("@")
    if len(name) > LONGEST_REMOTE or _NAME.fullmatch(name) is None:
        return None
    if not separator:
        return Acct(name)
    folded = fold_host(host)
    return None if folded is None else Acct(name, folded)


def fold_host(text: str) -> str | None:
    """A host with an optional port in the one form that we compare, or None if it is not one."""
    host, separator, port = text.partition(":")
    if separator and not (_PORT.fullmatch(port) and int(port) < 1 << 16):
        return None
    folded = _ascii_host(host)
    if folded is None or not all(_LABEL.fullmatch(label) for label in folded.split(".")):
        return None
    return f"{folded}:{port}" if separator else folded


def _ascii_host(host: str) -> str | None:
    if not 0 < len(host) <= LONGEST_HOST:
        return None
    if host.isascii():
        return host.lower()
    if len(host) > LONGEST_FOREIGN_HOST:
        return None
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
