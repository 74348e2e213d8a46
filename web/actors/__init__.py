"""Actors, objects and collections for other servers, and discovery documents."""
