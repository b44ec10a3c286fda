"""How values that people wrote are said back to them."""

from venom_modeld.core.names import shown


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
