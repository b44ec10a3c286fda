"""What a person is told beside a list that is old or missing: why, since when, when it is tried again, what to do."""

from venom_modeld.core.catalogue import HOW_TO, KeptAnswer

_UNITS = ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute"))


def span(seconds: float) -> str:
    """Return a span of time in its largest unit that makes two or more, such as `26 hours` or `90 seconds`."""
    for size, name in _UNITS:
        number = int(seconds / size + 0.05)
        if number >= 2:
            return f"{number} {name}s"
    return "1 second" if round(seconds) == 1 else f"{round(seconds)} seconds"


def trouble(kept: KeptAnswer, *, off: str | None, now: float) -> str | None:
    """Return what keeps a source from being read, and when it is tried again; None where nothing does."""
    if off is not None:
        return off
    if kept.error is None:
        return None
    left = (kept.attempted_at or now) + kept.wait - now
    again = f"in {span(left)}" if 1 <= left <= kept.wait else "now"
    return f"{kept.error} It is tried again {again}."


def left_alone(host: str, seconds: float) -> str:
    """Return the sentence for a host that may not be asked for so long, by its own word or by our budget for it."""
    again = f"in {span(seconds)}" if seconds >= 1 else "now"
    return f"{host} has been asked often enough for now. It is tried again {again}."


def no_data(why: str | None) -> str:
    """Return the sentence for a catalogue of which nothing was ever read."""
    return f"No data yet. {why or 'It has not been read so far.'} {HOW_TO} says what works without the internet."


def old_data(why: str, kept: KeptAnswer, *, now: float) -> str:
    """Return the sentence for a list that is shown although there should be a newer one."""
    age = now - (kept.fetched_at or now)
    return f"{why} Shown is what was read {span(age)} ago." if age >= 1 else f"{why} Shown is what was read last."


def instead(why: str | None, what: str) -> str:
    """Return the sentence for a list that stands in for another."""
    return f"{why or 'It has not been read so far.'} Shown instead: {what}."
