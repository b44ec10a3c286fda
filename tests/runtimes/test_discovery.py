"""How the kinds of runtimes are found."""

import subprocess
import sys

from venom_modeld.runtimes import registry
from venom_modeld.runtimes.base import Driver


def test_every_kind_has_its_driver() -> None:
    """Each kind that a file may name leads to a driver of that kind, sorted by name."""
    kinds = registry.kinds()
    assert "ollama" in kinds
    assert list(kinds) == sorted(kinds)
    for name, kind in kinds.items():
        driver = registry.driver(name)
        assert isinstance(driver, Driver)
        assert driver.kind is kind


def test_finding_the_kinds_imports_no_client() -> None:
    """Validating a file needs no HTTP library, so it does not wait for one."""
    program = "import sys; from venom_modeld.runtimes import registry; registry.kinds(); print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
