"""Every route of the Mastodon client API, one file per area."""

from web.mastodon import (
    absent,
    accounts,
    follows,
    instance,
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
    *notifications.ROUTES,
    *search.ROUTES,
    *streaming.ROUTES,
    *absent.ROUTES,
]
