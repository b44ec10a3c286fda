"""How values that people wrote are said back to them, and how the words of other programs are."""

from venom_modeld.core.names import shown


def one_line(text: str) -> str:
    """Return somebody else's text on one line, without what a terminal or a reader of logs would obey."""
    if not text.isprintable():
        text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split())


def describe(value: object) -> str:
    """Say what a value is: 'a text' in quotes, a number, true, a list."""
    match value:
        case None:
            return "nothing"
        case str():
            return shown(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "a mapping"
