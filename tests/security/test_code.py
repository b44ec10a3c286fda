"""What the code may not do, read from the code itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "venom_modeld"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.relative_to(PACKAGE).parts]
SECRET = re.compile(r"token|secret|password|digestmod|hexdigest|authorization", re.IGNORECASE)
GUARDS = [PACKAGE / "api/guard.py", PACKAGE / "api/routes_source.py"]

FORBIDDEN = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "torch",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "tempfile.mktemp",
    "yaml.unsafe_load",
    "yaml.full_load",
    "yaml.UnsafeLoader",
    "yaml.FullLoader",
    "yaml.Loader",
    "xml.etree",
    "asyncio.create_subprocess_shell",
    "ssl._create_unverified_context",
}
"""Whatever runs what it reads, or what a stranger may have written."""


def tree(path: Path) -> ast.Module:
    """Return what a module says."""
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.AST) -> str:
    """Return a name such as `os.system`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def used(path: Path) -> Iterator[tuple[int, str]]:
    """Yield every name that a module uses or imports, with its line."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node.lineno, dotted(node)


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield every call of a module."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def test_nothing_runs_what_it_reads() -> None:
    """No evaluation, no pickles, no shell, no loader of YAML that makes objects, and weights are never opened."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in MODULES
        for line, name in used(path)
        if name in FORBIDDEN or name.partition(".")[0] in FORBIDDEN
    ]
    assert found == []


def test_no_call_turns_a_check_off() -> None:
    """Certificates are verified, and no command goes through a shell."""
    turned = {("shell", True), ("verify", False), ("check_hostname", False), ("trust_remote_code", True)}
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {keyword.arg}"
        for path in MODULES
        for call in calls(path)
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Constant) and (keyword.arg, keyword.value.value) in turned
    ]
    assert found == []


def test_redirects_are_followed_in_two_places_alone() -> None:
    """The reader of the Hub follows them within the Hub, and weights, whose hashes are known, come from its stores."""
    found = [
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        for call in calls(path)
        for keyword in call.keywords
        if keyword.arg == "follow_redirects"
        and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value)
    ]
    assert found == ["runtimes/vllm/weights/installing.py", "trending/hub_child.py"]


@pytest.mark.parametrize("path", GUARDS, ids=lambda path: path.name)
def test_secrets_are_compared_in_constant_time(path: Path) -> None:
    """Every comparison with what a caller must know goes through one function, whose time tells nothing of it.

    Whether there is one at all may be asked otherwise.
    """
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Compare) and any(SECRET.search(ast.unparse(part)) for part in _values(node))
    ]
    assert [text for text in compared if not re.search(r"is (not )?None$|== ''$", text)] == []
    assert any(dotted(call.func) == "hmac.compare_digest" for call in calls(path))


def _values(compare: ast.Compare) -> Iterator[ast.expr]:
    """Yield the sides of a comparison, but for words between quotes and what is called with them."""
    for side in (compare.left, *compare.comparators):
        if not isinstance(side, ast.Constant | ast.Call):
            yield side


def test_the_token_is_compared_as_bytes() -> None:
    """As text, a letter beyond ASCII would be an error of ours instead of a wrong token."""
    source = GUARDS[0].read_text(encoding="utf-8")
    assert "hmac.compare_digest(sent.strip(), guard.token.encode())" in source


def test_nobody_is_asked_to_run_the_code_of_a_repository() -> None:
    """A model's own Python runs only where a person writes `trust-remote-code` into the file: nothing here adds it."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"trust.remote.code", line)
    ]
    assert len(found) == 1
    assert "if you trust its code" in found[0]


def test_yaml_of_the_package_makes_no_objects() -> None:
    """The parser that is used knows the safe types alone."""
    loaders = {name for path in MODULES for _, name in used(path) if re.fullmatch(r"yaml\.\w*Loader", name)}
    assert loaders == {"yaml.BaseLoader", "yaml.CSafeLoader", "yaml.SafeLoader"}
