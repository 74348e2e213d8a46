"""Views into Mastodon's JSON shapes: pure functions."""
