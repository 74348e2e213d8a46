"""Every page of the node, with the right that it takes."""

from web.pages import (
    communities,
    consent,
    copies,
    files,
    finding,
    front,
    joining,
    people,
    reading,
    resetting,
    settings,
    sign_in,
)
from web.routes import Route

ROUTES: list[Route] = [
    *front.ROUTES,
    *sign_in.ROUTES,
    *joining.ROUTES,
    *resetting.ROUTES,
    *consent.ROUTES,
    *reading.ROUTES,
    *people.ROUTES,
    *communities.ROUTES,
    *copies.ROUTES,
    *finding.ROUTES,
    *settings.ROUTES,
    *files.ROUTES,
]
