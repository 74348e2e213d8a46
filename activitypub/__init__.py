"""The wire format, without HTTP: parse JSON into types, render views into JSON, prove and verify."""
