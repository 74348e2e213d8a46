"""Read models: all that a list needs, in a fixed number of statements."""
