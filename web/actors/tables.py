"""What other servers may ask for. Each handler verifies signatures itself."""

from web.actors import discovery, documents
from web.actors.agreements import show_offers
from web.actors.cards import show_cards
from web.actors.data_flow import show_data_flow
from web.actors.groups import show_members
from web.actors.outbox import show_outbox
from web.actors.relay import show_relay_note
from web.routes import Access, Route, get

ROUTES: list[Route] = [
    get("/a/{id}", documents.show_actor, Access.SERVER),
    get("/a/{id}/outbox", show_outbox, Access.SERVER),
    get("/a/{id}/cards", show_cards, Access.SERVER),
    get("/a/{id}/data_flow", show_data_flow, Access.SERVER),
    get("/a/{id}/followers", documents.show_followers, Access.SERVER),
    get("/a/{id}/followers_sync", show_members, Access.SERVER),
    get("/a/{id}/following", documents.show_following, Access.SERVER),
    get("/a/{id}/offers", show_offers, Access.SERVER),
    get("/o/{id}", documents.show_post, Access.SERVER),
    get("/act/{id}", documents.show_activity, Access.SERVER),
    get("/r/{token}", show_relay_note, Access.SERVER),
    get("/.well-known/webfinger", discovery.webfinger, Access.SERVER),
    get("/.well-known/host-meta", discovery.host_meta, Access.SERVER),
    get("/.well-known/nodeinfo", discovery.nodeinfo_links, Access.SERVER),
    get("/nodeinfo/2.0", discovery.nodeinfo_20, Access.SERVER),
    get("/nodeinfo/2.1", discovery.nodeinfo_21, Access.SERVER),
]
