"""The sandbox's Hub in a process of its own, with one repository of twelve files and 3 GB: `AHub`, and its program.

The files are sparse: they take no room on the disk until somebody downloads them. The program prints where it is and
the hash of each file. Each line of standard input asks for the bytes that were sent of each since the line before.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Self

from bench.child import Child
from venom_modeld.sandbox.hub import Hub, HubSettings
from venom_modeld.sandbox.hub.repositories import small_model

NAME = "acme/large"
PARTS, PART = 10, 300_000_000
"""The weights; configuration and tokenizer make it twelve files."""


class AHub(Child):
    """A Hub whose repository lies in a folder; `files` are the hashes by path."""

    def __init__(self, folder: Path) -> None:
        super().__init__("local_hub", str(folder))

    def __enter__(self) -> Self:
        super().__enter__()
        told = json.loads(self.line())
        self.url: str = told["url"]
        self.files: dict[str, str] = told["files"]
        return self

    def sent(self) -> dict[str, int]:
        """Return the bytes that were sent since the last time, by path."""
        self.tell("sent")
        told = json.loads(self.line())
        return {name.removeprefix(f"{NAME}/"): size for name, size in told.items()}


def _make(folder: Path) -> None:
    small = small_model(NAME)
    for name in ("config.json", "tokenizer.json"):
        content = small[name]
        assert isinstance(content, bytes)
        (folder / name).write_bytes(content)
    for number in range(1, PARTS + 1):
        with (folder / f"model-{number:05}-of-{PARTS:05}.safetensors").open("wb") as file:
            file.write(f"part {number}".encode())
            file.truncate(PART)


async def _serve(folder: Path) -> None:
    async with Hub(HubSettings(catalogue=False)) as hub:
        hub.publish_folder(NAME, folder)
        files = {path: file.etag for path, file in hub.repositories.named[NAME].files.items()}
        print(json.dumps({"url": hub.url, "files": files}), flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(hub.traffic.sent), flush=True)
            hub.traffic.clear()


if __name__ == "__main__":
    _make(Path(sys.argv[1]))
    asyncio.run(_serve(Path(sys.argv[1])))
