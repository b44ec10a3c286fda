"""Repositories, references and paths as people write them in the settings: no option, no program, no way out."""

import pytest

from venom_modeld.config.places import check_path, check_ref, check_repository
from venom_modeld.config.settings import load_settings

GOOD = {
    check_repository: [
        "https://git.example/fleet/models.git",
        "http://127.0.0.1:3000/a/b",
        "ssh://git@git.example:2222/fleet/models.git",
        "git@git.example:fleet/models.git",
        "git.example:models.git",
        "git://git.example/models",
        "file:///srv/git/models.git",
        "/srv/git/models.git",
    ],
    check_ref: ["HEAD", "main", "release/2026-11", "refs/heads/main", "v1.2.3", "0123456789abcdef", "feature_#12"],
    check_path: ["models.yaml", "hosts/{host}/models.yaml", "{host}.yaml", "räume/ä.yaml", ":(top)odd.yaml"],
}
BAD = {
    check_repository: {
        "": "no repository",
        "models.git": "no repository",
        "../models.git": "no repository",
        "--upload-pack=touch /tmp/x": "no repository",
        "git.example:-x": "no repository",
        "ext::sh -c id": "no repository",
        "ext://x": "the scheme 'ext'",
        "https://daemon:sesame@git.example/a": "holds a secret",
        "https://sesame@git.example/a": "holds a secret",
        "ssh://git:sesame@git.example/a": "holds a secret",
        "https://git.example/a b": "a blank",
        "file:///srv/\x07": "a control character",
    },
    check_ref: {
        "": "no name",
        "-x": "no name",
        "main:refs/heads/x": "no name",
        "a..b": "no name",
        "a b": "no name",
        "main@{1}": "no name",
        "+main": "no name",
        "a/": "no name",
        "main^": "no name",
    },
    check_path: {
        "": "no path",
        "/etc/passwd": "no path",
        "../x": "no path",
        "a/../b": "no path",
        "a//b": "no path",
        "a\nb": "no path",
        "{hosts}/x": "all that stands for something",
        "{host}}": "all that stands for something",
    },
}


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in GOOD.items() for text in texts])
def test_what_git_takes_is_taken(check: object, text: str) -> None:
    """As it was written."""
    assert callable(check)
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in BAD.items() for text in texts])
def test_anything_else_is_refused(check: object, text: str) -> None:
    """With what is wrong and what to write."""
    assert callable(check)
    with pytest.raises(ValueError, match=BAD[check][text]):  # type: ignore[index]
        check(text)


def test_a_file_on_the_command_line_takes_the_place_of_the_repository() -> None:
    """It is the nearest word; the variable for it is not, since the repository stands beside it."""
    environ = {"VENOM_MODELD_SOURCE_GIT_URL": "/srv/git/models.git", "VENOM_MODELD_FILE": "models.yaml"}
    assert load_settings(None, environ, {}).source.git.url == "/srv/git/models.git"
    settings = load_settings(None, environ, {"file": "other.yaml"})
    assert (settings.source.git.url, str(settings.file)) == (None, "other.yaml")
