"""An actor as readers need it."""

from collections.abc import Sequence

from msgspec import Struct

from domain.ids import HERE
from domain.kinds import ActorType, Limit


class ActorView(Struct, frozen=True, gc=False):
    """One row of `actors`, in the order of its columns. Times are ms UTC."""

    id: int
    origin_id: int
    uri: str
    type: ActorType
    handle: str
    domain: str
    name: str
    summary: str
    summary_source: str
    fields: bytes
    url: str
    avatar: str | None
    header: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    following: str | None
    locked: bool
    discoverable: bool
    indexable: bool
    public: bool
    moved_to: str | None
    also_known_as: bytes
    followers_count: int
    following_count: int
    posts_count: int
    last_post_at: int | None
    created_at: int
    fetched_at: int
    gone_at: int | None
    version: int
    featured: str | None = None
    emojis: bytes = b""
    limited: Limit = Limit.NONE
    missing_since: int | None = None
    automated: bool = False
    hides_follows: bool = False
    avatar_text: str | None = None
    header_text: str | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether it is gone, or suspended: nothing of it is shown or believed."""
        return self.gone_at is not None or self.limited >= Limit.SUSPENDED

    @property
    def is_local(self) -> bool:
        """Whether this actor lives here."""
        return self.origin_id == HERE

    @property
    def is_hearsay(self) -> bool:
        """Whether a community's card is all that is known: its own server was never asked."""
        return self.fetched_at == 0 and not self.is_local

    @property
    def acct(self) -> str:
        """`name` for our own people, `name@host[:port]` for others."""
        return self.handle if self.is_local else f"{self.handle}@{self.domain}"


def by_id(actors: Sequence[ActorView]) -> dict[int, ActorView]:
    """Actors by their id."""
    return {actor.id: actor for actor in actors}
