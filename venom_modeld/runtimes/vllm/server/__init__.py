"""The server process: what it is started with, who starts and stops it, and why it would not start."""
