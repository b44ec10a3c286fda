"""What pydantic loads and does not use is loaded when it is needed, and then it is what it always is."""

import os
import subprocess
import sys

import pytest

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
"""The environment without what measures coverage, which loads modules of its own."""

BEGIN = """
import sys
from venom_modeld.cli.unneeded import leave_out_unneeded
leave_out_unneeded()
"""


def told(code: str) -> str:
    """Run a program that begins as ours does; return what it wrote."""
    command = [sys.executable, "-c", BEGIN + code]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT)
    return ended.stdout.strip()


def test_a_type_is_made_without_what_it_does_not_use() -> None:
    """Pydantic takes the function that it would look for plugins with, and does not call it; no field is a password."""
    code = """
from pydantic import BaseModel
class Made(BaseModel):
    number: int
print(Made(number=1).number, {"csv", "email", "zipfile", "hmac", "hashlib"} & set(sys.modules))
"""
    assert told(code) == "1 set()"


@pytest.mark.parametrize(
    "code",
    [
        "from importlib.metadata import version; print(version('venom-modeld'))",
        "import importlib.metadata; print(importlib.metadata.version('venom-modeld'))",
        "import importlib.metadata as found; print(found.distribution('venom-modeld').version)",
        "import importlib.metadata._meta; from importlib import metadata; print(metadata.version('venom-modeld'))",
    ],
)
def test_whoever_asks_for_a_version_is_told(code: str) -> None:
    """However the module is imported, it is the real one that answers."""
    from importlib.metadata import version  # noqa: PLC0415 - that of this process, beside those of the others

    assert told(code) == version("venom-modeld")


def test_entry_points_are_those_that_are_there() -> None:
    """The function is taken before the module is loaded, and loads it when it is called."""
    code = """
from importlib.metadata import entry_points
assert "email" not in sys.modules
[found] = entry_points(group="console_scripts", name="venom-modeld")
print(found.value, type(sys.modules["importlib.metadata"]).__name__)
"""
    assert told(code) == "venom_modeld.cli.main:run module"


@pytest.mark.parametrize(
    "code",
    [
        "import secrets; print(secrets.compare_digest('a', 'a'))",
        "from secrets import compare_digest; print(compare_digest('a', 'a'))",
        "from pydantic import SecretStr; print(SecretStr('a') == SecretStr('a'))",
    ],
)
def test_a_password_is_compared(code: str) -> None:
    """However the module is imported."""
    assert told(code) == "True"


def test_a_module_that_is_loaded_already_stays() -> None:
    """Nothing is put before it."""
    code = """
from importlib.metadata import version
from secrets import choice
before = [sys.modules[name] for name in ("importlib.metadata", "secrets")]
leave_out_unneeded()
print(before == [sys.modules[name] for name in ("importlib.metadata", "secrets")])
"""
    assert told(code) == "True"
