"""What a person is to a community; what a person is to the node is `domain.kinds.Role`."""

from enum import IntEnum


class CommunityRole(IntEnum):
    """Roles in a community, given by its stewards (protocol.md §4). The numbers are stored."""

    MEMBER = 1
    HOST = 2
    CURATOR = 3
    GUIDE = 4
    STEWARD = 5
