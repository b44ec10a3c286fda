"""The HTTP API: what the status snapshot says, as JSON, events and metrics; and the few calls that are no edits.

It reads the snapshot and the history, and hands commands to the daemon through `ports`. It cannot reach a runtime.
"""
