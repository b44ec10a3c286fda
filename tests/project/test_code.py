"""The rules of the code that no other tool checks."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "venom_modeld").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def nodes(path: Path) -> Iterator[ast.AST]:
    """Yield everything in a module."""
    return ast.walk(ast.parse(path.read_text(encoding="utf-8")))


def test_modules_are_short() -> None:
    """What is longer is a design that has not been found yet."""
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_functions_are_short() -> None:
    """The same holds for functions."""
    found = [
        f"{path}:{node.lineno}: {node.name}"
        for path in PACKAGE
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert found == []


def test_only_the_command_line_prints() -> None:
    """Everything else returns what it has to say, or logs it."""
    found = [
        f"{path}:{node.lineno}"
        for path in PACKAGE
        if "cli" not in path.parts
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


def test_nothing_is_mocked() -> None:
    """Tests run against real servers, files and databases."""
    mock = re.compile(r"^\s*(?:from|import) .*\bmock\b", re.MULTILINE)
    assert [path for path in TESTS if mock.search(path.read_text(encoding="utf-8"))] == []
