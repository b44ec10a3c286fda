"""Values and decisions, without a clock, a log, a file or a network."""
