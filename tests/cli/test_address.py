"""Where the daemon is: read without the types of all settings, and never otherwise than with them."""

from pathlib import Path

import pytest

from venom_modeld.cli.address import _read_lightly, _read_wholly, daemon
from venom_modeld.config.settings import SettingsError

TOKEN = "VENOM_MODELD_API_TOKEN_FILE"
LISTEN = "VENOM_MODELD_API_LISTEN"

USUAL: list[tuple[str | None, dict[str, str]]] = [
    (None, {}),
    (None, {LISTEN: "127.0.0.1:7", TOKEN: "token"}),
    (None, {LISTEN: "", TOKEN: ""}),
    ("interval: 5s\n", {}),
    ("api: {listen: 'localhost:7', token_file: token}\nlog: {level: debug}\n", {}),
    ("api:\n  listen: '[::1]:0'\n  edits: off\n", {}),
    ("api: {listen: 127.0.0.1:7, token_file: /etc/token}\n", {LISTEN: "127.0.0.1:8"}),
    ("api: {token_file: near}\n", {TOKEN: "far"}),
]

UNUSUAL: list[tuple[str | None, dict[str, str]]] = [
    (None, {LISTEN: "everywhere"}),
    ("", {}),
    ("[]\n", {}),
    ("api: [\n", {}),
    ("api: 7\n", {}),
    ("api: {listen: [a]}\n", {}),
    ("api: {token_file: ''}\n", {}),
    ("api: {listen: 127.0.0.1}\n", {}),
]


def settings(text: str | None, environ: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """Write a settings file, if there is one, and set the environment."""
    for name in (TOKEN, LISTEN):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if text is None:
        return None
    (folder / "modeld.yaml").write_text(text)
    return folder / "modeld.yaml"


@pytest.mark.parametrize(("text", "environ"), USUAL)
def test_both_ways_of_reading_find_the_same(
    text: str | None, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The light one is taken wherever it can tell."""
    path = settings(text, environ, tmp_path, monkeypatch)
    assert _read_lightly(path) == _read_wholly(path)


@pytest.mark.parametrize(("text", "environ"), UNUSUAL)
def test_what_is_unusual_is_left_to_the_settings(
    text: str | None, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They know what to say of it, if there is something wrong with it."""
    assert _read_lightly(settings(text, environ, tmp_path, monkeypatch)) is None


def test_a_settings_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """Somebody named it."""
    with pytest.raises(SettingsError, match="the file does not exist"):
        daemon(None, tmp_path / "nowhere.yaml")
