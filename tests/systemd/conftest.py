"""One throwaway host for all tests of this folder, with the program installed there as on any host."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.throwaway import ThrowawayHost, why_not

ROOT = Path(__file__).parents[2]
PROGRAM = "/opt/venom-modeld/bin/venom-modeld"
PYTHON = "/opt/venom-modeld/bin/python"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the project."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip(f"the wheel cannot be built without the package index: {built.stderr.strip().splitlines()[-1]}")
    assert built.returncode == 0, built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest) -> Iterator[ThrowawayHost]:
    """Boot a host, and install the program in /opt/venom-modeld, where a service may read it.

    Its Python and its dependencies are those of this process; they may lie in a home, so they are put to /opt.
    """
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    wheel: Path = request.getfixturevalue("wheel")
    places = {
        "/opt/python": Path(sys.base_prefix),
        "/opt/packages": Path(sysconfig.get_path("purelib")),
        "/opt/wheel": wheel.parent,
    }
    with ThrowawayHost(places) as host:
        # A Python that is built of libraries looks for them where it was built, which no service may read.
        host.write("/etc/ld.so.conf.d/00-throwaway.conf", "/opt/python/lib\n")
        host.run("ldconfig")
        python = f"/opt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        host.run(python, "-m", "venv", "--without-pip", "/opt/venom-modeld")
        packages = host.run(PYTHON, "-c", "import site; print(site.getsitepackages()[0])")
        host.write(f"{packages}/dependencies.pth", "/opt/packages\n")
        install = ["install", "--quiet", "--no-index", "--no-deps", "--force-reinstall", f"/opt/wheel/{wheel.name}"]
        host.run(PYTHON, "-m", "pip", *install)
        yield host
