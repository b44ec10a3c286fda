"""Which Hub, cache and token the environment speaks of."""

from pathlib import Path

import pytest

from venom_modeld.core.errors import PermanentError
from venom_modeld.core.reasons import Reason
from venom_modeld.runtimes.vllm.weights.hub import PUBLIC, Hub, hub_of


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HOME": "/h"}, "/h/.cache/huggingface/hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({"HF_HOME": "/hf"}, "/hf/hub"),
        ({"HF_HOME": "/hf", "HF_HUB_CACHE": "/c"}, "/c"),
        ({"HUGGINGFACE_HUB_CACHE": "/old"}, "/old"),
    ],
)
def test_the_cache_is_where_the_hubs_own_client_has_it(environ: dict[str, str], cache: str) -> None:
    """The variables mean what they mean to huggingface_hub, so both share one cache."""
    assert hub_of(environ).cache == Path(cache)


def test_what_the_file_says_goes_before_the_environment() -> None:
    """Cache, mirror and token file of the runtime are taken, whatever the variables say."""
    environ = {"HF_HUB_CACHE": "/c", "HF_ENDPOINT": "https://mirror.lan/", "HF_TOKEN": "hf_env"}
    told = hub_of(environ, cache="/d", endpoint="https://other.lan/", token_file="/t")
    assert (told.cache, told.endpoint, told.token_file) == (Path("/d"), "https://other.lan", Path("/t"))
    usual = hub_of(environ)
    assert (usual.endpoint, usual.token_file, usual.read_token()) == ("https://mirror.lan", None, "hf_env")
    assert hub_of({"HOME": "/h"}).endpoint == PUBLIC


def test_switches_of_the_environment_count() -> None:
    """Offline mode and the switch of xet are those of huggingface_hub."""
    off = hub_of({"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_XET": "true"})
    assert (off.offline, off.xet) == (True, False)
    on = hub_of({"HF_HUB_OFFLINE": "0"})
    assert (on.offline, on.xet) == (False, True)


def test_the_token_is_read_anew_each_time(tmp_path: Path) -> None:
    """A token that was changed on the disk is the one that is sent next."""
    file = tmp_path / "token"
    file.write_text("hf_one\n")
    hub = hub_of({"HF_TOKEN": "hf_env"}, token_file=str(file))
    assert hub.read_token() == "hf_one"
    file.write_text("hf_two\n")
    assert hub.read_token() == "hf_two"


def test_a_credential_goes_before_the_environment(tmp_path: Path) -> None:
    """A systemd credential named hf-token is the token, where there is one."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "HF_TOKEN": "hf_env"}
    assert hub_of(environ).read_token() == "hf_env"
    (tmp_path / "hf-token").write_text("hf_credential")
    assert hub_of(environ).read_token() == "hf_credential"


def test_a_login_is_used_and_need_not_be_there(tmp_path: Path) -> None:
    """What a login left in the usual file is the token; without it the visitor is anonymous."""
    hub = hub_of({"HF_HOME": str(tmp_path)})
    assert hub.read_token() is None
    (tmp_path / "token").write_text("hf_login\n")
    assert hub.read_token() == "hf_login"
    (tmp_path / "token").write_text("\n")
    assert hub.read_token() is None
    assert Hub(cache=tmp_path).read_token() is None


@pytest.mark.parametrize("content", [None, b"two words", "hf_…".encode(), b"\xff\xfe"])
def test_a_token_that_cannot_be_used_is_told(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, is no text or holds more than a token is named, and its content is not."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(PermanentError, match=str(file)) as caught:
        hub_of({}, token_file=str(file)).read_token()
    assert caught.value.reason is Reason.CREDENTIALS_REFUSED
    assert "two words" not in caught.value.message


def test_a_usual_token_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    """A file that is there and cannot be read is no anonymous visit."""
    (tmp_path / "token").mkdir()
    with pytest.raises(PermanentError, match="cannot be read"):
        hub_of({"HF_HOME": str(tmp_path)}).read_token()


def test_the_token_is_never_shown(tmp_path: Path) -> None:
    """A settings value can be logged without giving the token away."""
    assert "hf_secret" not in repr(Hub(cache=tmp_path, token="hf_secret"))
