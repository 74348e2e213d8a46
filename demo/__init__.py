"""Three nodes of two organisations on one machine, with a community across them: `make demo`."""
