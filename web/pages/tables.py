"""Every page of the node, with the right that it takes."""

from web.pages import consent, files, finding, front, joining, people, reading, settings, sign_in
from web.routes import Route

ROUTES: list[Route] = [
    *front.ROUTES,
    *sign_in.ROUTES,
    *joining.ROUTES,
    *consent.ROUTES,
    *reading.ROUTES,
    *people.ROUTES,
    *finding.ROUTES,
    *settings.ROUTES,
    *files.ROUTES,
]
