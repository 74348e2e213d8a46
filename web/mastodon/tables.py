"""Every route of the Mastodon client API, one file per area."""

from web.mastodon import (
    absent,
    accounts,
    follows,
    instance,
    lists,
    media,
    notifications,
    oauth,
    profile,
    reactions,
    search,
    statuses,
    streaming,
    timelines,
)
from web.routes import Route

ROUTES: list[Route] = [
    *oauth.ROUTES,
    *instance.ROUTES,
    *profile.ROUTES,
    *accounts.ROUTES,
    *follows.ROUTES,
    *statuses.ROUTES,
    *reactions.ROUTES,
    *timelines.ROUTES,
    *lists.ROUTES,
    *media.ROUTES,
    *notifications.ROUTES,
    *search.ROUTES,
    *streaming.ROUTES,
    *absent.ROUTES,
]
