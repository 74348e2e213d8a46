"""Client programs that were written for other servers, unmodified, against two nodes."""
