"""`service`: the daemon as a unit of the host's systemd, put in place, looked at, and taken away again."""
