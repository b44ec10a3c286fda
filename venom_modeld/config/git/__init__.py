"""The desired-state file out of a git repository, fetched by the system's git."""
