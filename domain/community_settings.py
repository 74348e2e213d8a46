"""What stewards can change about a community, as words on the command line and to the helper.

Each setting is a name and a few values; every value has a sentence that says what holds from now
on, so that nobody has to know the words behind it (protocol §4, §5).
"""

from collections.abc import Iterable
from typing import Final, NoReturn

from msgspec import Struct

from domain.errors import Invalid
from domain.kinds import History, Relay

RELAYS: Final = {relay.name.lower(): relay for relay in Relay}
HISTORIES: Final = {"all": History.ALL, "since-joining": History.SINCE_JOINING}
YES_NO: Final = {"yes": True, "no": False}
SWITCHES: Final = {
    "pictures": "relays_pictures",
    "wider": "takes_wider",
    "keeps-words": "keeps_words",
    "takes-back": "takes_back",
}
"""Settings that are on or off, and what their columns are called."""

TEXTS: Final = frozenset({"name", "purpose"})
NAMES: Final = frozenset({"relay", "history", *SWITCHES, *TEXTS})


class Wishes(Struct, frozen=True, omit_defaults=True):
    """What is to be changed; None leaves it as it is."""

    name: str | None = None
    purpose: str | None = None
    relay: Relay | None = None
    relays_pictures: bool | None = None
    takes_wider: bool | None = None
    keeps_words: bool | None = None
    takes_back: bool | None = None
    history: History | None = None


def wish(name: str, value: str) -> Wishes:
    """One setting in words. Raises Invalid, naming what there is."""
    word = "-".join(value.lower().split())
    if name == "relay":
        return Wishes(relay=RELAYS.get(word) or _unknown(name, RELAYS))
    if name == "history":
        return Wishes(history=HISTORIES.get(word) or _unknown(name, HISTORIES))
    if name == "name":
        return Wishes(name=value)
    if name == "purpose":
        return Wishes(purpose=value)
    if name not in SWITCHES:
        raise Invalid(f"What can be set is: {', '.join(sorted(NAMES))}", "setting")
    if word not in YES_NO:
        _unknown(name, YES_NO)
    on = YES_NO[word]
    match SWITCHES[name]:
        case "relays_pictures":
            return Wishes(relays_pictures=on)
        case "takes_wider":
            return Wishes(takes_wider=on)
        case "keeps_words":
            return Wishes(keeps_words=on)
        case _:
            return Wishes(takes_back=on)


def _unknown(name: str, known: Iterable[str]) -> NoReturn:
    raise Invalid(f"For {name} you can choose: {', '.join(known)}", name)


_RELAY_SENTENCES: Final = {
    Relay.DIRECT: "Members on plain servers get each post as a private message of their own.",
    Relay.TIMELINE: (
        "On plain servers of which it is known that nobody but members sees it, members get posts"
        " in their timeline; elsewhere as a private message of their own."
    ),
    Relay.NOTIFY: (
        "Members on plain servers are told that something was written, with a link, and not what"
        " or by whom."
    ),
}
_HISTORY_SENTENCES: Final = {
    History.ALL: "New members read everything that was written before.",
    History.SINCE_JOINING: (
        "Members read threads that began after they joined, and of older ones what came after."
    ),
}
_SWITCH_SENTENCES: Final = {
    ("pictures", True): (
        "Members on plain servers get pictures; their servers may keep copies that anybody can"
        " open who has the address."
    ),
    ("pictures", False): "Members on plain servers get a link in place of pictures.",
    ("wider", True): "Answers that a member's own followers can read too are passed on.",
    ("wider", False): "Answers that a member's own followers can read too are not passed on.",
    ("keeps-words", True): (
        "Members are told: what you write from now on stays after you leave, as by a former member."
    ),
    ("keeps-words", False): (
        "Members are told: what you write from now on does not stay after you leave."
    ),
    ("takes-back", True): (
        "Plain servers are asked to delete what they got when a member there is removed."
    ),
    ("takes-back", False): "Plain servers are not asked to delete what they got.",
}


Value = Relay | History | bool


def sentence(name: str, value: Value) -> str:
    """What holds with that value."""
    if isinstance(value, Relay):
        return _RELAY_SENTENCES[value]
    if isinstance(value, History):
        return _HISTORY_SENTENCES[value]
    return _SWITCH_SENTENCES[name, value]


def word(value: Value) -> str:
    """The word for a value, as one writes it."""
    if isinstance(value, Relay):
        return value.name.lower()
    if isinstance(value, History):
        return value.name.lower().replace("_", "-")
    return "yes" if value else "no"
