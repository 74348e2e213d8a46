"""Who may do what in a community and on the node: a table, not code (protocol.md §4).

A cell is `yes`, `-`, or a limit that the use case has to see fulfilled before it goes on. Rights
of partner nodes are not here: they are what an agreement says.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.kinds import Role
from domain.roles import CommunityRole


class Action(StrEnum):
    """Something that not everybody may do."""

    READ = "read"
    POST = "post"
    SEE_DIRECTORY = "see_directory"
    SEE_MEMBERS = "see_members"
    START_COMMUNITY = "start_community"
    EDIT_PURPOSE = "edit_purpose"
    INVITE = "invite"
    INVITE_OUTSIDER = "invite_outsider"
    MANAGE_MEMBERS = "manage_members"
    GIVE_ROLES = "give_roles"
    MODERATE = "moderate"
    HANDLE_REPORTS = "handle_reports"
    RUN_PROGRAMME = "run_programme"
    ENROL = "enrol"
    SEE_PROGRESS_OF_OTHERS = "see_progress_of_others"
    FILL_FLOW = "fill_flow"
    EDIT_LIBRARY = "edit_library"
    HOST_EVENT = "host_event"
    INTRODUCE_MENTORS = "introduce_mentors"
    ACCEPT_ANSWER = "accept_answer"
    ISSUE_BADGE = "issue_badge"
    SEE_HEALTH = "see_health"
    SET_POLICY = "set_policy"
    EXPORT = "export"
    HOLD = "hold"


class Grant(StrEnum):
    """A cell of the table: `yes`, or under which condition."""

    YES = "yes"
    BREAK_GLASS = "glass"
    REPORTED = "report"
    CONSENT = "consent"
    CHARTER = "charter"
    RULE_BREACH = "breach"
    OWN = "own"
    SUGGEST = "suggest"
    TWO_PERSONS = "two"


# break-glass: with a reason and a second admin, shown to members; report: reported posts with
# context; consent: a proposal that members agree to; charter: if the charter allows; breach: for
# breaches of the node's rules; own: in one's own programme or event; two: together with a second.
_TABLE: Final = """
                       admin  moderator steward guide   curator host    member  external guest
read                   glass  report    yes     yes     yes     yes     yes     yes      yes
post                   -      -         yes     yes     yes     yes     yes     yes      yes
see_directory          yes    yes       -       -       -       -       yes     -        -
see_members            glass  report    yes     yes     yes     yes     yes     yes      yes
start_community        yes    yes       -       -       -       -       yes     -        -
edit_purpose           -      -         consent -       -       -       consent consent  -
invite                 yes    -         yes     yes     charter charter charter -        -
invite_outsider        yes    -         yes     -       charter charter charter -        -
manage_members         breach breach    yes     -       -       -       -       -        -
give_roles             -      -         yes     -       -       -       -       -        -
moderate               yes    yes       yes     own     -       own     -       -        -
handle_reports         yes    yes       yes     -       -       -       -       -        -
run_programme          -      -         yes     yes     -       -       -       -        -
enrol                  yes    yes       yes     yes     yes     yes     yes     yes      yes
see_progress_of_others -      -         -       -       -       -       -       -        -
fill_flow              -      -         yes     yes     yes     suggest suggest suggest  -
edit_library           -      -         yes     yes     yes     yes     yes     charter  charter
host_event             -      -         yes     yes     suggest yes     yes     charter  charter
introduce_mentors      -      -         yes     yes     -       -       -       -        -
accept_answer          -      -         yes     yes     -       -       -       -        -
issue_badge            -      -         yes     charter -       -       -       -        -
see_health             -      -         yes     yes     yes     yes     yes     yes      yes
set_policy             yes    -         -       -       -       -       -       -        -
export                 two    -         yes     -       -       -       -       -        -
hold                   two    -         -       -       -       -       -       -        -
"""


def _read_table() -> dict[Action, dict[str, Grant]]:
    head, *rows = (line.split() for line in _TABLE.strip().splitlines())
    return {
        Action(action): {
            who: Grant(cell) for who, cell in zip(head, cells, strict=True) if cell != "-"
        }
        for action, *cells in rows
    }


_GRANTS: Final = _read_table()
_ON_THE_NODE: Final = frozenset({Action.SEE_DIRECTORY, Action.START_COMMUNITY})


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody is: here (None for people of other nodes), and in the community, if active.

    A person from elsewhere or a guest may hold any role in a community; with the role of a plain
    member they have what external members and guests have.
    """

    role: Role | None
    in_community: CommunityRole | None = None

    def columns(self) -> list[str]:
        """The columns of the table that apply."""
        found = []
        if self.role in {Role.ADMIN, Role.MODERATOR}:
            found.append(self.role.name.lower())
        if self.in_community is CommunityRole.MEMBER:
            found.append(self.as_member())
        elif self.in_community is not None:
            found.append(self.in_community.name.lower())
        return found

    def as_member(self) -> str:
        """The column for a plain member: by whether they live here, and as what."""
        if self.role is None:
            return "external"
        return "guest" if self.role is Role.GUEST else "member"


def grants(action: Action, standing: Standing) -> frozenset[Grant]:
    """Under which conditions somebody may do `action`; empty means never."""
    columns = [standing.as_member()] if action in _ON_THE_NODE else standing.columns()
    row = _GRANTS[action]
    return frozenset(row[column] for column in columns if column in row)


def may(action: Action, standing: Standing, fulfilled: Collection[Grant] = ()) -> bool:
    """Whether somebody may do `action`, given the limits that the caller has seen fulfilled."""
    return bool(grants(action, standing) & {Grant.YES, *fulfilled})
