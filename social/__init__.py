"""What people do: use cases on a Tx, without HTTP and without JSON."""
