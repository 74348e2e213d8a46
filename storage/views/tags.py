"""Tags as one viewer sees them: how much they are used, and how the viewer stands to them."""

from collections.abc import Sequence

from msgspec import Struct

from domain.audience import Viewer
from storage.queries import featured_tags, followed_tags
from storage.tx import Tx
from storage.views.trends import Day, history


class TagView(Struct, frozen=True, gc=False):
    """A tag in the form that is compared, with the last days, today first."""

    folded: str
    days: list[Day]
    followed: bool = False
    featured: bool = False


def load(tx: Tx, viewer: Viewer, folded: Sequence[str]) -> list[TagView]:
    """These tags in their order, used or not. Three statements, one for whom is not signed in."""
    days = history(tx, viewer, folded)
    followed = followed_tags.among(tx, viewer.actor, folded) if viewer.actor else set()
    featured = featured_tags.among(tx, viewer.actor, folded)
    return [TagView(one, days[one], one in followed, one in featured) for one in folded]
