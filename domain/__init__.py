"""Pure rules and values: no I/O and no clock reads."""
