"""What other servers may ask for. Each handler verifies signatures itself."""

from web.actors import discovery, documents, nodeinfo, threads
from web.actors.agreements import show_offers
from web.actors.cards import show_cards
from web.actors.data_flow import show_data_flow
from web.actors.featured import show_featured
from web.actors.followers import show_followers
from web.actors.open_groups import show_moderators
from web.actors.outbox import show_outbox
from web.actors.quotes import show_authorization
from web.actors.relay import show_relay_note
from web.routes import Access, Route, get

ROUTES: list[Route] = [
    get("/a/{id}", documents.show_actor, Access.SERVER),
    get("/a/{id}/outbox", show_outbox, Access.SERVER),
    get("/a/{id}/cards", show_cards, Access.SERVER),
    get("/a/{id}/data_flow", show_data_flow, Access.SERVER),
    get("/a/{id}/featured", show_featured, Access.SERVER),
    get("/a/{id}/followers", documents.show_followers, Access.SERVER),
    get("/a/{id}/followers_sync", show_followers, Access.SERVER),
    get("/a/{id}/following", documents.show_following, Access.SERVER),
    get("/a/{id}/moderators", show_moderators, Access.SERVER),
    get("/a/{id}/offers", show_offers, Access.SERVER),
    get("/o/{id}", documents.show_post, Access.SERVER),
    get("/o/{id}/likes", threads.show_likes, Access.SERVER),
    get("/o/{id}/replies", threads.show_answers, Access.SERVER),
    get("/o/{id}/shares", threads.show_shares, Access.SERVER),
    get("/t/{id}", threads.show_thread, Access.SERVER),
    get("/t/{id}/history", threads.show_history, Access.SERVER),
    get("/act/{id}", documents.show_activity, Access.SERVER),
    get("/q/{id}", show_authorization, Access.SERVER),
    get("/r/{token}", show_relay_note, Access.SERVER),
    get("/.well-known/webfinger", discovery.webfinger, Access.SERVER),
    get("/.well-known/host-meta", discovery.host_meta, Access.SERVER),
    get("/.well-known/host-meta.json", discovery.host_meta_json, Access.SERVER),
    get("/.well-known/nodeinfo", nodeinfo.show_links, Access.SERVER),
    get("/nodeinfo/2.0", nodeinfo.show_20, Access.SERVER),
    get("/nodeinfo/2.1", nodeinfo.show_21, Access.SERVER),
]
