"""The wire format, without HTTP: JSON into types, views into JSON, proofs made and verified."""
