"""Each module measures one claim, or a few that share their set-up: `measure()` returns its rows."""
