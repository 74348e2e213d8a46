"""Speaking to other servers: the only HTTP client, signatures, keys, discovery, policy."""
