"""The HTTP API, served from the status snapshot."""
