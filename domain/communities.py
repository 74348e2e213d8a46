"""What a community may be, who may come in, and what is said about it (protocol §4).

A preset is a sentence that decides everything at once; what cannot be is not offered.
"""

from enum import StrEnum
from html import escape
from typing import Final

from msgspec import Struct

from domain.audience import Audience
from domain.errors import Invalid, NotAllowed
from domain.html import clean_inline, clean_text
from domain.ids import HERE
from domain.kinds import History, Joining, MembershipState, Preset, Way
from domain.roles import CommunityRole

LONGEST_NAME: Final = 60
LONGEST_PURPOSE: Final = 500
STEWARDS_TO_LAUNCH: Final = 2
"""A community needs two stewards to last (design §1, rule 6)."""

#: Servers that announce to everybody what a member sends them (protocol §5).
BREAKS_PROMISE: Final = frozenset({"lemmy", "mbin", "kbin", "piefed", "nodebb"})

#: What was read of this kind: a Reject ends a follow, and who only asks sees nothing.
_OBEYS_REJECT: Final = "mastodon"
#: What was seen of this kind: who only asks sees nothing, and only a Block ends a follow.
_NEEDS_BLOCK: Final = "gotosocial"
#: Servers where members can pass on to anybody what they were sent privately.
PASSES_ON: Final = frozenset({"takahe"})

SENTENCES: Final = {
    Preset.HERE: "Open to everyone here",
    Preset.MEMBERS: "Members only",
    Preset.PARTNERS: "Members only, with partners",
    Preset.WORLD: "Open to the world",
}
_JOINING: Final = {
    Preset.HERE: Joining.OPEN,
    Preset.MEMBERS: Joining.BY_REQUEST,
    Preset.PARTNERS: Joining.BY_REQUEST,
    Preset.WORLD: Joining.OPEN,
}
_FOLLOWING: Final = {
    Joining.OPEN: "Following = joining, at once.",
    Joining.BY_REQUEST: "Following = asking to join; a steward answers.",
    Joining.BY_INVITATION: "Following = joining, for those who were invited.",
}
_LEAVING: Final = "Unfollowing = leaving."

READ_BY_ALL: Final = (
    "Everybody can read a community that is open to the world: it cannot be hidden, and its past"
    " neither."
)
NO_PURPOSE: Final = "A community needs a purpose: say in one sentence what it is for."
TOO_FEW_STEWARDS: Final = (
    "A community needs two stewards to last. Whoever was invited as a steward accepts by"
    " following the community."
)


class Refusal(StrEnum):
    """Why somebody does not come in, as a sentence for them. Nothing private is in it."""

    HERE_ONLY = "This community is for people of its own node only."
    SOFTWARE = (
        "This community is for members only, and your server would show what is written in it"
        " to others."
    )
    NOT_AGREED = "The agreement between the two nodes is about other communities."
    INVITED_ONLY = "One comes into this community by invitation only."
    NOT_BEGUN = "This community has not begun yet."
    OVER = "This community is over; it can be read by its members only."
    BANNED = "The stewards of this community do not take you in."


class Newcomer(Struct, frozen=True):
    """Who comes: by which way, as a full member of this node or not, from which kind of server.

    `agreed`: no agreement with their node is about other communities only.
    """

    way: Way
    full: bool = False
    software: str | None = None
    agreed: bool = True


def joining_of(preset: Preset, wish: Joining | None = None) -> Joining:
    """How one joins. Raises Invalid for pairs that cannot be."""
    if wish is None:
        return _JOINING[preset]
    if preset is Preset.WORLD:
        if wish is Joining.BY_INVITATION:
            raise Invalid("What everybody reads is joined, or asked for", "joining")
        return wish
    if (wish is Joining.OPEN) is not (preset is Preset.HERE):
        raise Invalid("Only what everyone here reads is joined without asking", "joining")
    return wish


def audience_of(preset: Preset, community_id: int) -> Audience:
    """Who reads what is written in a community of this preset."""
    if preset is Preset.WORLD:
        return Audience.public()
    if preset is Preset.HERE:
        return Audience.node(HERE)
    return Audience.community(community_id)


def outsiders_refused(preset: Preset, newcomer: Newcomer) -> Refusal | None:
    """Whether it cannot be for this person at all, whoever invites."""
    if preset is Preset.WORLD:
        return None
    if newcomer.way is Way.HERE:
        # What everyone here reads does not exist for guests (protocol §1).
        shut = preset is Preset.HERE and not newcomer.full
        return Refusal.HERE_ONLY if shut else None
    if preset in {Preset.HERE, Preset.MEMBERS}:
        return Refusal.HERE_ONLY
    if (newcomer.software or "").lower() in BREAKS_PROMISE:
        return Refusal.SOFTWARE
    return None if newcomer.agreed else Refusal.NOT_AGREED


def may_share(software: str | None, *, takes_wider: bool) -> bool:
    """Whether a server of this kind may get one note for all its members (protocol §5).

    Of every other kind, known or not, the worst that was seen of any is taken to be true.
    """
    kind = (software or "").lower()
    return kind == _OBEYS_REJECT or (kind == _NEEDS_BLOCK and takes_wider)


def forgets_nobody(software: str | None) -> bool:
    """Whether servers of this kind go on showing notes for all to whoever was removed.

    A Block ends that.
    """
    return (software or "").lower() == _NEEDS_BLOCK


def passes_on(software: str | None) -> bool:
    """Whether members there can pass on to anybody what they were sent privately."""
    return (software or "").lower() in PASSES_ON


def comes_in_at_once(
    preset: Preset, joining: Joining, newcomer: Newcomer, before: MembershipState | None
) -> bool:
    """Whether nobody needs to be asked. Whoever was removed asks again.

    What is for everybody here is for full members; what is for the world, for anybody.
    """
    if before is MembershipState.INVITED:
        return True
    if joining is not Joining.OPEN or before is MembershipState.REMOVED:
        return False
    return newcomer.full or preset is Preset.WORLD


def may_write(
    preset: Preset, joining: Joining, state: MembershipState | None, *, is_member: bool
) -> bool:
    """Whether somebody may write in a community at all, whoever they are otherwise.

    In one that is open to the world and joined without asking, everybody who was not shut out: on
    other servers people answer in groups that they do not follow.
    """
    if state is MembershipState.BANNED:
        return False
    return is_member or (preset is Preset.WORLD and joining is Joining.OPEN)


def check_shown(preset: Preset, history: History, *, listed: bool) -> None:
    """Raise Invalid for a community of the world that hides something."""
    if preset is Preset.WORLD and not (listed and history is History.ALL):
        raise Invalid(READ_BY_ALL, "preset")


def check_name(name: str) -> str:
    """A community's name: one line. Raises Invalid."""
    found = clean_inline(name, limit=LONGEST_NAME + 1).strip()
    if not found or len(found) > LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters", "name")
    return found


def check_purpose(purpose: str) -> str:
    """What a community is for; may be empty until it is launched. Raises Invalid."""
    found = clean_text(purpose, limit=LONGEST_PURPOSE + 1).strip()
    if len(found) > LONGEST_PURPOSE:
        raise Invalid(f"A purpose has at most {LONGEST_PURPOSE} characters", "purpose")
    return found


def check_launch(purpose: str, stewards: int) -> None:
    """Raise NotAllowed unless it has a purpose and two stewards who said yes."""
    if not purpose.strip():
        raise NotAllowed(NO_PURPOSE)
    if stewards < STEWARDS_TO_LAUNCH:
        raise NotAllowed(TOO_FEW_STEWARDS)


def bio(purpose: str, joining: Joining) -> str:
    """What stands under a community's name in every app, as clean HTML."""
    said = f"<p>{escape(purpose, quote=False)}</p>" if purpose else ""
    return f"{said}<p>{_FOLLOWING[joining]} {_LEAVING}</p>"


def role_called(word: str) -> CommunityRole:
    """The role of that name. Raises Invalid."""
    try:
        return CommunityRole[word.strip().upper()]
    except KeyError:
        known = ", ".join(role.name.lower() for role in CommunityRole)
        raise Invalid(f"There is no role called {word}; there are {known}", "role") from None


def preset_called(word: str) -> Preset:
    """The preset of that name. Raises Invalid."""
    try:
        return Preset[word.strip().upper()]
    except KeyError:
        raise Invalid("Choose here, members, partners or world", "preset") from None
