"""Where the models lie, and how much room there is."""

from pathlib import Path

import pytest

from venom_modeld.runtimes.ollama.disk import disk_of, models_folders

HERE = "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("url", "environ", "folders"),
    [
        ("http://gpu.lan:11434", {"OLLAMA_MODELS": "/m"}, []),
        (HERE, {"OLLAMA_MODELS": "/m", "HOME": "/home/u"}, ["/m"]),
        (HERE, {"HOME": "/home/u"}, ["/home/u/.ollama/models", "/usr/share/ollama/.ollama/models"]),
        (HERE, {}, ["/usr/share/ollama/.ollama/models"]),
    ],
)
def test_models_lie_where_ollama_puts_them(url: str, environ: dict[str, str], folders: list[str]) -> None:
    """An Ollama elsewhere has no folder here; its own variable decides before its usual folders."""
    assert [str(folder) for folder in models_folders(url, environ)] == folders


def test_the_disk_of_the_first_folder_that_is_there(tmp_path: Path) -> None:
    """Folders that are missing are passed over."""
    disk = disk_of((tmp_path / "missing", tmp_path))
    assert disk is not None
    assert disk.path == str(tmp_path)
    assert 0 <= disk.free_bytes <= disk.total_bytes


def test_no_folder_is_no_disk(tmp_path: Path) -> None:
    """Where no folder can be asked nothing is known, and nothing is raised."""
    assert disk_of((tmp_path / "missing", Path("/" + "x" * 300))) is None
