"""One file per activity type, each with verify and receive."""
