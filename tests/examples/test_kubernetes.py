"""The ConfigMap, mounted as the kubelet mounts it: the files in it are valid, and a new one is followed."""

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import DEADLINE
from tests.examples.conftest import EXAMPLES
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.loader import read_file
from venom_modeld.config.settings import load_settings
from venom_modeld.config.watcher import watch
from venom_modeld.runtimes.registry import kinds

PARTS = {
    one["kind"]: one for one in yaml.safe_load_all((EXAMPLES / "kubernetes/configmap.yaml").read_text(encoding="utf-8"))
}
DATA: dict[str, str] = PARTS["ConfigMap"]["data"]
POD: dict[str, Any] = PARTS["StatefulSet"]["spec"]["template"]["spec"]
[CONTAINER] = POD["containers"]


def mounted(folder: Path, data: dict[str, str], version: str) -> None:
    """Put the data of a ConfigMap into a folder as the kubelet does: a folder for it, and a link that is set anew."""
    fresh = folder / f"..{version}"
    fresh.mkdir(parents=True)
    for name, text in data.items():
        (fresh / name).write_text(text, encoding="utf-8")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    link = folder / "..data_tmp"
    link.symlink_to(fresh.name)
    link.rename(folder / "..data")


def test_the_files_in_it_are_valid(tmp_path: Path) -> None:
    """Both of them, where they are mounted."""
    mounted(tmp_path, DATA, "1")
    settings = load_settings(tmp_path / "modeld.yaml", {}, {})
    assert (settings.api.edits, str(settings.api.token_file)) == (False, "/run/secrets/venom-modeld/token")
    file = tmp_path / "models.yaml"
    assert parse_models(file.read_bytes(), path=str(file), kinds=kinds()).runtimes


def test_what_the_settings_name_is_mounted() -> None:
    """The folder of the file read-only and whole, the token, and the state where it may be written."""
    mounts = {one["mountPath"]: one for one in CONTAINER["volumeMounts"]}
    assert all("subPath" not in one for one in mounts.values())
    assert mounts["/etc/venom-modeld"]["readOnly"]
    settings = yaml.safe_load(DATA["modeld.yaml"])
    assert {str(Path(settings["file"]).parent), settings["state_dir"]} <= mounts.keys()
    assert str(Path(settings["api"]["token_file"]).parent) in mounts
    volumes = {one["name"] for one in POD["volumes"]}
    claims = {one["metadata"]["name"] for one in PARTS["StatefulSet"]["spec"]["volumeClaimTemplates"]}
    assert {one["name"] for one in mounts.values()} == volumes | claims
    assert PARTS["StatefulSet"]["spec"]["replicas"] == 1


def test_the_probe_is_let_in() -> None:
    """By the name that it calls the host, and without a token, which `/healthz` does not need."""
    probe = CONTAINER["livenessProbe"]["httpGet"]
    [header] = probe["httpHeaders"]
    assert (probe["path"], header["name"]) == ("/healthz", "Host")
    assert [header["value"]] == yaml.safe_load(DATA["modeld.yaml"])["api"]["allowed_hosts"]


@pytest.mark.parametrize("poll", [DEADLINE * 10])
async def test_a_new_configmap_is_followed(tmp_path: Path, poll: float) -> None:
    """As soon as the kubelet has set the link, without waiting for the next look."""
    mounted(tmp_path, DATA, "1")
    file, stop = tmp_path / "models.yaml", asyncio.Event()
    changed = DATA | {"models.yaml": DATA["models.yaml"].replace("qwen3:0.6b", "qwen3:1.7b")}
    async with asyncio.timeout(DEADLINE), aclosing(watch(file, stop=stop, poll=poll)) as changes:
        await anext(changes)
        mounted(tmp_path, changed, "2")
        while "qwen3:1.7b" not in read_file(file).content.decode():
            await anext(changes)
        stop.set()
