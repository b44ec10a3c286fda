"""`try`: the whole program in one command, on a machine with nothing but a checkout.

It works in `./var`, on a copy of the example, so that the checkout stays clean. Where nothing answers at the address of
the file's first runtime, a sandbox is started on that very address, as a child that cannot outlive this process. What
the daemon was started with is written to `var/modeld.yaml`, so that every other command finds it by `--config`.
"""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from venom_modeld.cli import running
from venom_modeld.cli.exits import Failure
from venom_modeld.cli.options import Format
from venom_modeld.cli.terminal import remark, show, show_json
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.loader import read_file
from venom_modeld.config.settings import Settings, load_settings, parse_listen
from venom_modeld.core.desired import RuntimeSpec
from venom_modeld.runtimes.registry import kinds

EXAMPLE = Path("examples/models.yaml")
FOLDER = Path("var")
FILE = FOLDER / "models.yaml"
CONFIG = FOLDER / "modeld.yaml"
LISTEN = "127.0.0.1:8765"

CONNECT_SECONDS = 2.0
END_SECONDS = 10.0


def try_out(listen: str | None, form: Format) -> None:
    """Run daemon and, where it is needed, sandbox, until told to stop."""
    _copy_example()
    spec = _first_runtime()
    with _stand_in(spec) as registry:
        settings = load_settings(
            None,
            os.environ,
            {
                "file": str(FILE.absolute()),
                "state_dir": str(FOLDER / "state"),
                "registry_url": registry,
                "api.listen": listen or _free(LISTEN),
            },
        )
        running.run(settings, on_ready=lambda address: _greet(address, settings, spec, form))


def _copy_example() -> None:
    if FILE.exists():
        return
    if not EXAMPLE.exists():
        raise Failure(f"There is no {EXAMPLE} here; run this in a checkout of venom-modeld.")
    FOLDER.mkdir(exist_ok=True)
    FILE.write_bytes(EXAMPLE.read_bytes())
    remark(f"Copied {EXAMPLE} to {FILE}, which is the file to edit.")


def _first_runtime() -> RuntimeSpec:
    runtimes = parse_models(read_file(FILE).content, path=str(FILE), kinds=kinds()).runtimes
    if not runtimes:
        raise Failure(f"{FILE} names no runtime; add one, or delete the file to start from the example again.")
    return runtimes[0]


def _free(listen: str) -> str:
    """Return an address to listen on: this one, or the next free port where another program has it."""
    wanted = parse_listen(listen)
    try:
        socket.create_server((wanted.host, wanted.port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        remark(f"Another program has port {wanted.port}, so a free one is taken.")
        return f"{wanted.host}:0"
    return listen


@contextmanager
def _stand_in(spec: RuntimeSpec) -> Iterator[str | None]:
    """Start a sandbox at a runtime's address where nothing answers there; give the URL of its registry."""
    parts = urlsplit(spec.url)
    host, port = str(parts.hostname), parts.port or 80
    if _answers(host, port) or host not in ("127.0.0.1", "localhost", "::1"):
        yield None
        return
    command = [sys.executable, "-m", "venom_modeld", "sandbox", "--format", "json", "--with-parent"]
    command += ["--host", host, "--ollama-port", str(port), "--state-dir", str(FOLDER / "sandbox")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 - this very program
    try:
        registry = _registry_of(process)
        remark(f"Nothing answers at {spec.url}, so a stand-in was started there; its models are not real.")
        yield registry
    finally:
        _end(process)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _registry_of(process: "subprocess.Popen[bytes]") -> str:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise Failure("The stand-in could not be started; what it says stands above.")
    return str(json.loads(line)["registry"])


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _greet(address: str, settings: Settings, spec: RuntimeSpec, form: Format) -> None:
    _write_config(address, settings)
    if form is Format.JSON:
        show_json({"address": f"{address}/", "file": str(FILE), "config": str(CONFIG)})
    else:
        show(_greeting(address, spec))


def _write_config(address: str, settings: Settings) -> None:
    lines = ["# Written by `venom-modeld try` at every start.", "file: models.yaml", "state_dir: state"]
    lines += [f"registry_url: {settings.registry_url}", f"api: {{listen: {json.dumps(urlsplit(address).netloc)}}}"]
    CONFIG.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _greeting(address: str, spec: RuntimeSpec) -> str:
    program = _program()
    return "\n".join(
        [
            "",
            f"The status page: {address}/",
            "",
            "Try first, in another terminal:",
            f"  {program} status --watch --config {CONFIG}",
            f"  {program} install {spec.name} gemma3:270m --config {CONFIG}",
            f"  {program} plan --config {CONFIG}",
            "",
            f"Or edit {FILE} and save it. Ctrl-C ends everything.",
            "",
        ]
    )


def _program() -> str:
    """Return how to start this program from here: by the path of its script, as short as it can be said."""
    script, here = Path(sys.executable).with_name("venom-modeld"), Path.cwd()
    return str(script.relative_to(here)) if script.is_relative_to(here) else str(script)
