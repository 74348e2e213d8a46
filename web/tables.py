"""Every route of the node, in one list (design §3: a route declares its scope and role)."""

from web import media, portraits, proxy
from web.actors import tables as actors
from web.api import tables as api
from web.mastodon import tables as mastodon
from web.pages import tables as pages
from web.routes import Route

ROUTES: list[Route] = [
    *actors.ROUTES,
    *mastodon.ROUTES,
    *api.ROUTES,
    *pages.ROUTES,
    *media.ROUTES,
    *proxy.ROUTES,
    *portraits.ROUTES,
]
