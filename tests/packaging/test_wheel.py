"""The wheel holds all that the program needs, and works where it is installed alone."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.packaging.building import ROOT, built
from venom_modeld.cli.service.files import UNIT, VLLM_UNIT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    return built(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an environment of its own; what it depends on is lent by this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    said = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True, check=True
    )
    packages = Path(said.stdout.strip())
    # A folder that is named so is searched, and no `.pth` in it is read: the checkout stays out of the way.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--force-reinstall", wheel], check=True)
    return folder / "bin/venom-modeld"


def run(program: Path, *words: str, **variables: str) -> str:
    """Run the installed program, far from the checkout."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **variables}
    more = {"cwd": program.parent, "env": environment}
    ended = subprocess.run([program, *words], capture_output=True, text=True, check=False, **more)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_everything_of_the_package_is_in_it(wheel: Path) -> None:
    """Every module, the mark of types, the files for the host, and the screen where it is built here."""
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "venom_modeld").rglob("*.py")}
    screen = {str(path.relative_to(ROOT)) for path in (ROOT / "venom_modeld/screen").rglob("*") if path.is_file()}
    files = {f"venom_modeld/host_files/systemd/{name}" for name in (UNIT, VLLM_UNIT, "modeld.yaml", "models.yaml")}
    wanted = (
        sources | screen | files | {"venom_modeld/py.typed", "venom_modeld/host_files/polkit/50-venom-modeld.rules"}
    )
    assert wanted - names == set()


def test_nothing_else_is_in_it(wheel: Path) -> None:
    """Neither tests nor documents nor what the tools leave behind."""
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"venom_modeld"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_installed_program_is_that_of_the_wheel(program: Path, wheel: Path) -> None:
    """It says its version, and runs from where it was installed."""
    version = wheel.name.split("-")[1]
    assert run(program, "--version").endswith(version)
    where = run(program.with_name("python"), "-c", "import venom_modeld; print(venom_modeld.__file__)")
    assert Path(where).is_relative_to(program.parents[1])


def test_it_works_alone(program: Path, tmp_path: Path) -> None:
    """Commands, the schema, the files for the host, and the page that the API serves."""
    (tmp_path / "models.yaml").write_text("version: 1\nruntimes: {}\n", encoding="utf-8")
    assert "OK" in run(program, "validate", str(tmp_path / "models.yaml"))
    python = program.with_name("python")
    shipped = "from venom_modeld.cli.service.files import shipped; print(shipped('systemd/venom-modeld.service'))"
    assert "ExecStart=" in run(python, "-c", shipped)
    if (ROOT / "venom_modeld/screen/index.html").exists():
        page = "from venom_modeld.api.screen import Screen; print('index.html' in Screen().assets)"
        assert run(python, "-c", page) == "True"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_completes_itself_in_shells(program: Path, shell: str) -> None:
    """What the reference tells to put into the shell's start is a script of that shell, for this program."""
    script = run(program, _VENOM_MODELD_COMPLETE=f"{shell}_source")
    assert "venom-modeld" in script
    assert "_VENOM_MODELD_COMPLETE" in script
