"""How wide an answer from a plain server already is where it was written (protocol §5).

Servers spell addresses in many ways and lists of one as strings; who calls has made sets of them
(private-groups-observed.md rules 12-15).
"""

from collections.abc import Collection, Iterable

from domain.addressing import is_public
from domain.kinds import Openness


def openness_of(addressed: Iterable[str], *, inside: Collection[str]) -> Openness:
    """The class of words addressed to these.

    `inside` is everybody in whose hands they may be: the community with its collections, its
    members, the author. Any spelling of Public is `OPEN`; anybody else, known or not (the author's
    own followers, for one), is `WIDER`. Words addressed to nobody are closed.
    """
    uris = set(addressed)
    if any(map(is_public, uris)):
        return Openness.OPEN
    return Openness.CLOSED if uris <= set(inside) else Openness.WIDER


def may_go_on(openness: Openness, *, takes_wider: bool) -> bool:
    """Whether a community may pass such words on to its members."""
    return openness is Openness.CLOSED or (openness is Openness.WIDER and takes_wider)
