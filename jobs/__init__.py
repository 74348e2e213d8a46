"""Durable work: enqueued in the caller's transaction, claimed in batches, retried, ordered."""
