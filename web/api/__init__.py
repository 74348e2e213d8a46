"""Our own JSON API: what the Mastodon client API has no words for."""
