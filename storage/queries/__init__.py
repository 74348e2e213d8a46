"""One file per noun: plain synchronous functions on a Tx."""
