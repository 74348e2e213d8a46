"""What people tell the helper, understood: one sentence, a verb first (protocol §1, "The helper").

Nothing here decides who may do what. Handles are read leniently: servers shorten those that they
know to `@name`.
"""

import re
from enum import StrEnum
from itertools import dropwhile
from typing import Final

from msgspec import Struct

from domain.community_settings import NAMES
from domain.handles import Acct, parse_acct
from domain.html import clean_text
from domain.kinds import Preset
from domain.node import HELPER_HANDLE
from domain.roles import CommunityRole

LONGEST: Final = 2_000


class Verb(StrEnum):
    """What somebody wants. The value is the word that we teach."""

    HELP = "help"
    COMMUNITIES = "communities"
    CREATE = "create"
    PURPOSE = "purpose"
    LAUNCH = "launch"
    INVITE = "invite"
    APPROVE = "approve"
    REFUSE = "refuse"
    REMOVE = "remove"
    MAKE = "make"
    SET = "set"
    JOIN = "join"
    LEAVE = "leave"
    MUTE = "mute"
    UNMUTE = "unmute"
    DIGEST = "digest"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    CLOSE = "close"
    REOPEN = "reopen"
    FEATURE = "feature"
    UNFEATURE = "unfeature"
    BAN = "ban"
    UNBAN = "unban"


USAGE: Final = {
    Verb.HELP: "help",
    Verb.COMMUNITIES: "communities",
    Verb.CREATE: "create safe-lifting Safe lifting: to lift without hurting our backs",
    Verb.PURPOSE: "purpose safe-lifting: to lift without hurting our backs",
    Verb.LAUNCH: "launch safe-lifting",
    Verb.INVITE: "invite @ana to safe-lifting",
    Verb.APPROVE: "approve @ana to safe-lifting",
    Verb.REFUSE: "refuse @ana to safe-lifting: the reason",
    Verb.REMOVE: "remove @ana from safe-lifting: the reason",
    Verb.MAKE: "make @ana steward of safe-lifting",
    Verb.SET: "set safe-lifting relay notify",
    Verb.JOIN: "join safe-lifting",
    Verb.LEAVE: "leave safe-lifting",
    Verb.MUTE: "mute Cy in safe-lifting",
    Verb.UNMUTE: "unmute Cy in safe-lifting",
    Verb.DIGEST: "digest daily",
    Verb.WITHDRAW: "withdraw https://… (the post's address): the reason",
    Verb.RESTORE: "restore https://…",
    Verb.CLOSE: "close https://… (any post of the thread)",
    Verb.REOPEN: "reopen https://…",
    Verb.FEATURE: "feature https://…",
    Verb.UNFEATURE: "unfeature https://…",
    Verb.BAN: "ban @ana from safe-lifting: the reason",
    Verb.UNBAN: "unban @ana from safe-lifting",
}
"""One example of each sentence."""

_ALSO: Final = {
    "hello": Verb.HELP,
    "hi": Verb.HELP,
    "?": Verb.HELP,
    "list": Verb.COMMUNITIES,
    "found": Verb.CREATE,
    "accept": Verb.APPROVE,
    "admit": Verb.APPROVE,
    "reject": Verb.REFUSE,
    "decline": Verb.REFUSE,
    "follow": Verb.JOIN,
    "unfollow": Verb.LEAVE,
}
_LINKS: Final = frozenset({"to", "from", "in", "into", "of", "for"})
_FILLERS: Final = frozenset({"please", "as", "a", "the", "community"})
_NEED_WHO: Final = frozenset(
    {
        *(Verb.INVITE, Verb.APPROVE, Verb.REFUSE, Verb.REMOVE, Verb.MAKE),
        *(Verb.BAN, Verb.UNBAN),
    }
)
_ABOUT_POSTS: Final = frozenset(
    {Verb.WITHDRAW, Verb.RESTORE, Verb.CLOSE, Verb.REOPEN, Verb.FEATURE, Verb.UNFEATURE}
)
_NEED_PLACE: Final = frozenset({Verb.PURPOSE, Verb.LAUNCH, Verb.JOIN, Verb.LEAVE})
_PRESETS: Final = {
    "open to the world": Preset.WORLD,
    "open to everyone here": Preset.HERE,
    "members only": Preset.MEMBERS,
    "members only, with partners": Preset.PARTNERS,
}
_FOR_WHOM: Final = re.compile(
    rf"[\s,(]+({'|'.join(sorted(_PRESETS, key=len, reverse=True))})\)?\s*\Z", re.IGNORECASE
)
_TAIL: Final = re.compile(r":(?=\s)|:\Z")


class Command(Struct, frozen=True):
    """A sentence as understood. `text` is what follows the colon: a purpose or a reason.

    `setting` is what is to be set, to the value that is `text` then; `name` is what a new
    community is called, or the person who is muted. `preset`: for whom a new community is, if that
    was said; `address`: of the post that is meant.
    """

    verb: Verb
    who: Acct | None = None
    place: Acct | None = None
    name: str = ""
    role: CommunityRole | None = None
    text: str = ""
    setting: str = ""
    preset: Preset | None = None
    address: str = ""


class Puzzle(Struct, frozen=True):
    """A sentence that was not understood; `verb` is as far as we came."""

    words: str
    verb: Verb | None = None


def read_command(text: str) -> Command | Puzzle:
    """Understand what somebody wrote to the helper, whose own name is left out."""
    said = " ".join(_without_helper(clean_text(text, limit=LONGEST)))
    if not said:
        return Command(Verb.HELP)
    head, _, tail = _parted(said)
    first, *rest = head.split()
    verb = _verb(first)
    if verb is None:
        return Puzzle(said[:200])
    if verb is Verb.CREATE:
        return _create(said, rest, tail)
    if verb is Verb.SET:
        return _set(said, rest, tail)
    if verb in {Verb.MUTE, Verb.UNMUTE}:
        return _mute(said, verb, rest)
    if verb in _ABOUT_POSTS:
        return _about_post(said, verb, rest, tail)
    return _sentence(said, verb, rest, tail)


def _parted(said: str) -> tuple[str, str, str]:
    """Before and after the colon that a space follows: ports of hosts have none."""
    found = _TAIL.search(said)
    if found is None:
        return said, "", ""
    return said[: found.start()], ":", said[found.end() :].strip()


def _without_helper(text: str) -> list[str]:
    return [word for word in text.split() if not _names_helper(word)]


def _names_helper(word: str) -> bool:
    if not word.startswith("@"):
        return False
    acct = parse_acct(word.rstrip(",.:;!"))
    return acct is not None and acct.name.lower() == HELPER_HANDLE


def _verb(word: str) -> Verb | None:
    plain = word.lower().strip(",.;!*\"'") or word
    try:
        return Verb(plain)
    except ValueError:
        return _ALSO.get(plain)


def _create(said: str, rest: list[str], purpose: str) -> Command | Puzzle:
    place = parse_acct(rest[0]) if rest else None
    if place is None or len(rest) < 2:
        return Puzzle(said[:200], Verb.CREATE)
    name, preset = _for_whom(" ".join(rest[1:]))
    if not name:
        return Puzzle(said[:200], Verb.CREATE)
    return Command(Verb.CREATE, place=place, name=name, text=purpose, preset=preset)


def _for_whom(name: str) -> tuple[str, Preset | None]:
    """A community's name without the words that say for whom it is, and what these mean."""
    found = _FOR_WHOM.search(name)
    if found is None:
        return name, None
    return name[: found.start()].strip(), _PRESETS[found[1].lower()]


def _about_post(said: str, verb: Verb, rest: list[str], tail: str) -> Command | Puzzle:
    """`withdraw ADDRESS: REASON`."""
    found = next((word for word in rest if "://" in word), None)
    if found is None:
        return Puzzle(said[:200], verb)
    return Command(verb, address=found.strip("<>,.;"), text=tail)


def _set(said: str, rest: list[str], tail: str) -> Command | Puzzle:
    """`set PLACE SETTING VALUE`; the place may be left out, and settings of two words be spaced."""
    said_of = _without_fillers(rest)
    after_place = _without_fillers(said_of[1:])
    for place, words in ((None, said_of), (_first(said_of), after_place)):
        for length in (2, 1):
            name = "-".join(words[:length]).lower().strip(",.;")
            value = tail or " ".join(words[length:]).strip(".;!")
            if name in NAMES and value:
                return Command(Verb.SET, place=place, setting=name, text=value)
    return Puzzle(said[:200], Verb.SET)


def _without_fillers(words: list[str]) -> list[str]:
    """Without those in front: what follows may be a name."""
    return list(dropwhile(lambda word: word.lower() in _FILLERS, words))


def _mute(said: str, verb: Verb, rest: list[str]) -> Command | Puzzle:
    """`mute NAME in PLACE`: by the name that a post begins with, of one word or more."""
    at = next((at for at, word in enumerate(rest) if word.lower() in {"in", "of", "from"}), None)
    name = " ".join(rest if at is None else rest[:at]).lstrip("@").rstrip(",.;!")
    if not name:
        return Puzzle(said[:200], verb)
    place = None if at is None else _first(rest[at + 1 :])
    return Command(verb, place=place, name=name)


def _sentence(said: str, verb: Verb, rest: list[str], tail: str) -> Command | Puzzle:
    words = [word for word in rest if word.lower() not in _FILLERS]
    role = next((found for found in map(_role, words) if found), None)
    words = [word for word in words if _role(word) is None or verb is not Verb.MAKE]
    linked = next((at for at, word in enumerate(words) if word.lower() in _LINKS), len(words))
    before, after = words[:linked], words[linked + 1 :]
    if verb in _NEED_WHO:
        who, place = _first(before), _first(after)
    else:
        who, place = None, _first(after) or _first(before)
    if (verb in _NEED_WHO and who is None) or (verb in _NEED_PLACE and place is None):
        return Puzzle(said[:200], verb)
    if verb is Verb.MAKE and role is None:
        return Puzzle(said[:200], verb)
    return Command(verb, who=who, place=place, role=role, text=tail)


def _first(words: list[str]) -> Acct | None:
    return parse_acct(words[0].rstrip(",.;!")) if words else None


def _role(word: str) -> CommunityRole | None:
    try:
        return CommunityRole[word.upper().rstrip(",.;!")]
    except KeyError:
        return None
