"""How the kinds of runtimes are found."""

import subprocess
import sys

from venom_modeld.runtimes import registry
from venom_modeld.runtimes.base import Driver


def test_every_kind_has_its_driver() -> None:
    """Each kind that a file may name leads to a driver of that kind, sorted by name; its folder has the same name."""
    kinds = registry.kinds()
    assert "ollama" in kinds
    assert list(kinds) == sorted(kinds)
    for name, kind in kinds.items():
        driver = registry.driver(name)
        assert isinstance(driver, Driver)
        assert driver.kind is kind
        assert kind.name == name


def test_a_kind_that_is_not_there_is_none() -> None:
    """No word of a file leads to a module that is no kind."""
    assert "base" not in registry.kinds()
    assert registry.kinds().get("ollama.kind") is None


def test_taking_one_kind_loads_no_other_and_no_client() -> None:
    """Validating a file needs no HTTP library, and nothing of a kind that is not in it, so it waits for neither."""
    program = """
import sys
from venom_modeld.runtimes import registry
registry.kinds()["ollama"]
print(sorted({"httpx2", "venom_modeld.runtimes.vllm"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
