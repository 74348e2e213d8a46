"""The small closed sets that rows and rules share. Numbers are stored: never reuse one."""

from enum import IntEnum


class ActorType(IntEnum):
    """What an actor is (ActivityStreams 2.0 §3.3)."""

    PERSON = 1
    GROUP = 2
    SERVICE = 3
    APPLICATION = 4
    ORGANIZATION = 5


class Role(IntEnum):
    """What an account may do here. A guest is no full member (protocol §1)."""

    GUEST = 1
    MEMBER = 2
    MODERATOR = 3
    ADMIN = 4


class AccountState(IntEnum):
    """Whether an account may sign in."""

    ACTIVE = 1
    DISABLED = 2
    SUSPENDED = 3
    DELETED = 4


class Limit(IntEnum):
    """What this node lets an actor do here. Everything from SUSPENDED on hides it.

    SILENCED: seen by who follows it, found by nobody else. SUSPENDED: hidden and refused, by a
    moderator here. WITHDRAWN: the same, by the actor's own server (Mastodon's `suspended`).
    """

    NONE = 0
    SILENCED = 1
    SUSPENDED = 2
    WITHDRAWN = 3


class FollowState(IntEnum):
    """A follow is asked for, then accepted; pending is not accepted."""

    PENDING = 1
    ACCEPTED = 2


class MembershipState(IntEnum):
    """Only ACTIVE reads anything of a community."""

    INVITED = 1
    REQUESTED = 2
    ACTIVE = 3
    REMOVED = 4
    LEFT = 5
    BANNED = 6


class History(IntEnum):
    """What a member may read of the time before joining (protocol §4)."""

    ALL = 1
    SINCE_JOINING = 2


class AgreementKind(IntEnum):
    """What two nodes are to each other (protocol §3)."""

    SISTER = 1
    PARTNER = 2


class PostType(IntEnum):
    """The type that a post has on the wire."""

    NOTE = 1
    QUESTION = 2
    ARTICLE = 3
    PAGE = 4
    EVENT = 5
    IMAGE = 6
    VIDEO = 7
    AUDIO = 8


class NotificationKind(IntEnum):
    """Why somebody is told (Mastodon API `Notification.type`)."""

    MENTION = 1
    SHARE = 2
    LIKE = 3
    FOLLOW = 4
    FOLLOW_REQUEST = 5
    EDIT = 6
    NOTICE = 7
    POLL = 8
    QUOTE = 9
    QUOTED_EDIT = 10
    REPORT = 11
    MOVED = 12
    STATUS = 13  # somebody whose posts one wants to be told of wrote one


class KeyType(IntEnum):
    """RSA signs HTTP requests, Ed25519 proves documents (protocol §3)."""

    RSA = 1
    ED25519 = 2


class RuleAction(IntEnum):
    """What an operator decided about a domain."""

    ALLOW = 1
    BLOCK = 2


class SignatureScheme(IntEnum):
    """What an origin was seen to accept; UNKNOWN is knocked at with draft-cavage first."""

    UNKNOWN = 0
    CAVAGE = 1
    RFC9421 = 2
    OURS = 3


class IntakeState(IntEnum):
    """What became of an activity that was accepted with 202."""

    QUEUED = 1
    DONE = 2
    DROPPED = 3


class DeliveryState(IntEnum):
    """A delivery waits until it succeeds, ends or is given up visibly."""

    WAITING = 1
    DEAD = 2


class LinkPurpose(IntEnum):
    """What a one-use link is for; a token of one purpose is useless for another."""

    FIRST_ADMIN = 1
    INVITE = 2
    RESET = 3


class Preset(IntEnum):
    """The four sentences that a community is made with (protocol §4)."""

    HERE = 1
    MEMBERS = 2
    PARTNERS = 3
    WORLD = 4


class Joining(IntEnum):
    """How somebody becomes a member of a community."""

    OPEN = 1
    BY_REQUEST = 2
    BY_INVITATION = 3


class Life(IntEnum):
    """Where a community stands in its life (protocol §4)."""

    PLANNING = 1
    ACTIVE = 2
    RESTING = 3
    ARCHIVED = 4


class Relay(IntEnum):
    """How members on plain servers get a community's posts (protocol §5, fan-out B)."""

    DIRECT = 1
    TIMELINE = 2
    NOTIFY = 3


class Way(IntEnum):
    """How a community's posts reach a member: written here, announced, or as relay notes.

    OPEN: announced to whatever server, since anybody may read them (protocol §5).
    """

    HERE = 1
    NODE = 2
    PLAIN = 3
    OPEN = 4


class Acceptance(IntEnum):
    """Whether a community has taken a post in; until then only its author sees it (protocol §5)."""

    ACCEPTED = 1
    WAITING = 2
    REFUSED = 3
    WITHHELD = 4  # its author is suspended; it was accepted, and would be again


class Openness(IntEnum):
    """How wide an answer from a plain server already is where it comes from (protocol §5)."""

    CLOSED = 1
    WIDER = 2
    OPEN = 3


class Directory(IntEnum):
    """Whose names nodes show each other by an agreement (protocol §3)."""

    NONE = 1
    SHARED = 2
    ALL = 3


class OfferState(IntEnum):
    """What became of an offered agreement."""

    WAITING = 1
    ACCEPTED = 2
    LAPSED = 3
    WITHDRAWN = 4


class Deed(IntEnum):
    """What was done in a community, for its log: who, whom, when, why."""

    FOUNDED = 1
    LAUNCHED = 2
    INVITED = 3
    ASKED = 4
    JOINED = 5
    LEFT = 6
    REFUSED = 7
    REMOVED = 8
    ROLE = 9
    SETTING = 10
    WITHDRAWN = 11
    RESTORED = 12
    CLOSED = 13
    REOPENED = 14
    BANNED = 15
    UNBANNED = 16


class ReportCategory(IntEnum):
    """Why something is reported (Mastodon API `Report.category`)."""

    OTHER = 1
    SPAM = 2
    LEGAL = 3
    VIOLATION = 4


class ReportState(IntEnum):
    """Whether somebody still has to look at a report."""

    OPEN = 1
    CLOSED = 2


class ModerationDeed(IntEnum):
    """What was done about somebody or a report, for the log: who, whom, when, why."""

    SILENCED = 1
    SUSPENDED = 2
    FREED = 3
    CLOSED = 4
    REOPENED = 5
    DELETED = 6
    TAKEN_DOWN = 7


class Portrait(IntEnum):
    """The pictures with which somebody presents themselves (Mastodon API `Account`)."""

    AVATAR = 1
    HEADER = 2


class ImportKind(IntEnum):
    """What a list is about that somebody brings along (Mastodon's CSV files)."""

    FOLLOWS = 1
    LISTS = 2
    BLOCKS = 3
    MUTES = 4
    DOMAIN_BLOCKS = 5
    BOOKMARKS = 6


class LineState(IntEnum):
    """What became of one line of such a list."""

    WAITING = 1
    DONE = 2
    FAILED = 3


class RepliesPolicy(IntEnum):
    """Which answers of its members a list shows: to whom its owner follows, each other, or none."""

    FOLLOWED = 1
    LIST = 2
    NONE = 3
