"""Every route of our own JSON API, one file per area."""

from web.api import data_flow
from web.routes import Route

ROUTES: list[Route] = [*data_flow.ROUTES]
