"""Files in which nothing is written."""

_NOTHING = frozenset({"", "---", "...", "null", "~"})


def is_blank(content: bytes) -> bool:
    """Tell whether a YAML file holds only comments, empty lines, or an empty document."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return False
    return all(line.strip() in _NOTHING or line.lstrip().startswith("#") for line in lines)
