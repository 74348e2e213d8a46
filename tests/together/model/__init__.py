"""A community over three nodes against a model of it: whatever happens, everybody sees the same."""
