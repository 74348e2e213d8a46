"""What two nodes agree on (protocol §3), and what holds while they do not quite agree.

Narrowing needs one side, widening both: until both have signed the same offer, the stricter word
of the two counts in every point.
"""

from dataclasses import dataclass, field
from typing import Final

from domain.kinds import AgreementKind, Directory

#: Milliseconds for which an offer can be accepted.
OFFER_MS: Final = 14 * 24 * 3600 * 1000
#: Milliseconds after the end in which the nodes still hear each other on the end itself.
FAREWELL_MS: Final = 14 * 24 * 3600 * 1000
#: Stands for a list of communities that came to hold none: no address of a community is empty.
NOWHERE: Final = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """The points of an agreement.

    `communities`: addresses of those that it is about; none given means any. `until`: its end in
    ms UTC, None for open. `contact`: whom to write to at the side that made the offer.
    """

    kind: AgreementKind
    directory: Directory = Directory.SHARED
    communities: frozenset[str] = field(default_factory=frozenset)
    until: int | None = None
    contact: str = ""

    def covers(self, community: str) -> bool:
        """Whether people of the other node may belong to this community."""
        return not self.communities or community in self.communities


def stricter(standing: Terms, offered: Terms) -> Terms:
    """What holds while one side has signed `standing` and the other wants `offered`."""
    return Terms(
        kind=max(standing.kind, offered.kind),  # a partner is less than a sister
        directory=min(standing.directory, offered.directory),
        communities=_both(standing.communities, offered.communities),
        until=min(
            (end for end in (standing.until, offered.until) if end is not None), default=None
        ),
        contact=standing.contact,
    )


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if not one or not other:
        return one or other
    return one & other or frozenset({NOWHERE})
