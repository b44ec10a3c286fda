"""A unified diff for people: as `patch` takes it, in colours where there are any."""

from venom_modeld.cli.render.paint import Paint


def diff_text(diff: str, paint: Paint) -> str:
    """Return a diff without its last line break."""
    return "\n".join(_line(line, paint) for line in diff.rstrip("\n").split("\n"))


def _line(line: str, paint: Paint) -> str:
    if line.startswith(("---", "+++")):
        return paint.strong(line)
    if line.startswith("@@"):
        return paint.dim(line)
    if line.startswith("+"):
        return paint.good(line)
    return paint.bad(line) if line.startswith("-") else line
