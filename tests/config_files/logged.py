"""Every line that the daemon can log, read from its source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "venom_modeld"
LEVELS = ("debug", "info", "warning", "error", "exception", "critical", "log")


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One call of a logger."""

    place: str
    level: str
    message: ast.expr
    plain: bool
    """Nothing is filled into the message."""
    extra: ast.expr | None
    tree: ast.Module

    @property
    def messages(self) -> list[str]:
        """Return the constant messages that it may log; none where the message is made at run time."""
        match self.message:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Subscript(value=ast.Name(id=name)):
                return _values(self.tree, name)
        return []

    @property
    def fields(self) -> list[str]:
        """Return the fields that stand in a dictionary of the same module."""
        match self.extra:
            case ast.Dict() as written:
                return _keys(written) + self._spread(written)
            case ast.Name(id=name):
                return [key for one in _assigned(self.tree, name) for key in _keys(one)]
            case ast.Call(func=ast.Name(id=name)):
                return [key for one in _returned(self.tree, name) for key in _keys(one)]
        return []

    def _spread(self, written: ast.Dict) -> list[str]:
        """Return the fields of the dictionaries that are taken in whole."""
        pairs = zip(written.keys, written.values, strict=True)
        names = [value.id for key, value in pairs if key is None and isinstance(value, ast.Name)]
        return [key for name in names for one in _assigned(self.tree, name) for key in _keys(one)]


def logged() -> Iterator[Logged]:
    """Yield every call of a logger in the package; the sandbox is another program."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "sandbox"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="logger" | "_log"), attr=level)):
                    if level in LEVELS:
                        yield _read(node, level, path, tree)


def _read(call: ast.Call, level: str, path: Path, tree: ast.Module) -> Logged:
    arguments = call.args[1:] if level == "log" else call.args
    extra = next((keyword.value for keyword in call.keywords if keyword.arg == "extra"), None)
    return Logged(
        place=f"{path.relative_to(PACKAGE.parent)}:{call.lineno}",
        level=level,
        message=arguments[0],
        plain=len(arguments) == 1,
        extra=extra,
        tree=tree,
    )


def _assigned(tree: ast.Module, name: str) -> Iterator[ast.Dict]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=ast.Dict() as value) if found == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.Dict() as value) if found == name:
                yield value


def _returned(tree: ast.Module, name: str) -> Iterator[ast.Dict]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name == name:
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
                    yield node.value


def _values(tree: ast.Module, name: str) -> list[str]:
    values = (value for one in _assigned(tree, name) for value in one.values)
    return [value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]


def _keys(written: ast.Dict) -> list[str]:
    return [key.value for key in written.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
