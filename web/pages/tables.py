"""Every page of the node, with the right that it takes."""

from web.routes import Route

ROUTES: list[Route] = []
