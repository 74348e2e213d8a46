"""Several of our own nodes at once, over real HTTP."""
