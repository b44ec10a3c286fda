"""How sizes are said to people: decimal units, as disks and model pages count them."""

LARGEST = 2**53 - 1
"""The largest number that is believed of somebody else's program: nine petabytes, and the last whole number that a
browser holds."""

UNITS = ((1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def human(size_bytes: int | None) -> str:
    """Return `1.8 GB`, `523 MB` or `unknown size`."""
    if size_bytes is None:
        return "unknown size"
    for unit, name in UNITS:
        if size_bytes >= unit:
            value = size_bytes / unit
            return f"{value:.1f} {name}" if value < 100 else f"{value:.0f} {name}"
    return f"{size_bytes} B"
