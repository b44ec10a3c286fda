"""One throwaway host for all tests of this folder, with the program installed there as on any host."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.service import FAST, PYTHON, QUICK, SETTINGS, Service
from tests.systemd.throwaway import ThrowawayHost, why_not

ROOT = Path(__file__).parents[2]


PARTS = ("pyproject.toml", "README.md", "LICENSE", "config", "screen/wheel_hook.py", "venom_modeld")
"""What a wheel is made of."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the project, from a copy, so that the screen is not built anew for it."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        source, target = ROOT / part, folder / "source" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, folder / "source"]
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


@pytest.fixture
def service(host: ThrowawayHost) -> Service:
    """Give the service, installed and running, with one model declared on a stand-in that is fast."""
    service = Service(host)
    if not service.sandbox("faults", {"rate": FAST}):
        service.serve(FAST)
    host.write(SETTINGS, QUICK)
    service.declare("all-minilm")
    if service.property("LoadState") == "loaded":
        service.restart_with("")
    else:
        service.command("service", "install", "--yes")
    return service
