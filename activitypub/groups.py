"""What our nodes tell each other about a community and a membership: values and their words."""

from typing import Final

from msgspec import Struct

from domain.kinds import History, Joining, Preset

PRESETS: Final = {
    Preset.HERE: "here",
    Preset.MEMBERS: "members",
    Preset.PARTNERS: "partners",
    Preset.WORLD: "world",
}
JOININGS: Final = {
    Joining.OPEN: "open",
    Joining.BY_REQUEST: "by request",
    Joining.BY_INVITATION: "by invitation",
}
HISTORIES: Final = {History.ALL: "all", History.SINCE_JOINING: "since joining"}
MEMBERSHIP: Final = "tertulia:Membership"


class Terms(Struct, frozen=True):
    """What somebody who comes in should know of the community. Times are ms UTC.

    `listed`: others on the newcomer's node may know of it, too.
    """

    preset: Preset
    joining: Joining
    history: History
    purpose: str
    listed: bool = True
    since: int | None = None
    until: int | None = None
