"""One throwaway host for all tests of this folder, with the program installed there as on any host."""

import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.building import built
from tests.systemd.service import FAST, PYTHON, QUICK, SETTINGS, Service
from tests.systemd.throwaway import ThrowawayHost, why_not


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThrowawayHost]:
    """Boot a host, and install the program in /opt/venom-modeld, where a service may read it.

    Its Python and its dependencies are those of this process; they may lie in a home, so they are put to /opt.
    """
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    wheel = built(tmp_path_factory.mktemp("wheel"))
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
