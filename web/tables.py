"""Every route of the node, in one list (design §3: a route declares its scope and role)."""

from web.actors import tables as actors
from web.mastodon import tables as mastodon
from web.pages import tables as pages
from web.routes import Route

ROUTES: list[Route] = [*actors.ROUTES, *mastodon.ROUTES, *pages.ROUTES]
