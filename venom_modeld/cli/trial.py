"""`try`: the whole program in one command, on a machine with nothing but a checkout.

It works in `./var`, on a copy of the example, so that the checkout stays clean. For each Ollama of the file that does
not answer on this host, a sandbox is started on its very address, as a child that cannot outlive this process. With it
come stand-ins for the catalogues, whose models are those that the sandbox can install. What the daemon was started with
is written to `var/modeld.yaml`, so that every other command finds it by `--config`.
"""

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
STATE = FOLDER / "state"
STATE_OF_STAND_INS = FOLDER / "state-of-stand-ins"
"""What was installed on a stand-in says nothing of the real server that answers there another day."""
LISTEN = "127.0.0.1:8765"
OLLAMA = "ollama"
"""The kind of runtime that there is a stand-in for."""

_THIS_HOST = ("127.0.0.1", "localhost", "::1")

CONNECT_SECONDS = 2.0
END_SECONDS = 10.0


def try_out(listen: str | None, form: Format) -> None:
    """Run daemon and, where it is needed, sandbox, until told to stop."""
    _copy_example()
    specs = _runtimes()
    with ExitStack() as stack:
        addresses = _stand_ins(specs, stack)
        if addresses is not None:
            os.environ["HF_ENDPOINT"] = addresses["hub"]
        settings = load_settings(
            None,
            os.environ,
            {
                "file": str(FILE.absolute()),
                "state_dir": str(STATE if addresses is None else STATE_OF_STAND_INS),
                "registry_url": addresses and addresses["registry"],
                "trending.ollama.url": addresses and addresses["site"],
                "api.listen": listen or _free(LISTEN),
            },
        )
        running.run(settings, on_ready=lambda address: _greet(address, settings, specs, form))


def _copy_example() -> None:
    if FILE.exists():
        return
    if not EXAMPLE.exists():
        raise Failure(f"There is no {EXAMPLE} here; run this in a checkout of venom-modeld.")
    FOLDER.mkdir(exist_ok=True)
    FILE.write_bytes(EXAMPLE.read_bytes())
    remark(f"Copied {EXAMPLE} to {FILE}, which is the file to edit.")


def _runtimes() -> tuple[RuntimeSpec, ...]:
    runtimes = parse_models(read_file(FILE).content, path=str(FILE), kinds=kinds()).runtimes
    if not runtimes:
        raise Failure(f"{FILE} names no runtime; add one, or delete the file to start from the example again.")
    return runtimes


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


def _stand_ins(specs: Sequence[RuntimeSpec], stack: ExitStack) -> dict[str, str] | None:
    """Start a sandbox for each server that does not answer, until the stack ends; return the addresses of the first."""
    found: list[dict[str, str]] = []
    for spec in specs:
        parts = urlsplit(spec.url)
        host, port = str(parts.hostname), parts.port or 80
        if _answers(host, port):
            continue
        if spec.kind == OLLAMA and host in _THIS_HOST:
            found.append(stack.enter_context(_stand_in(spec.name, host, port)))
            remark(f"Nothing answers at {spec.url}, so a stand-in was started there; its models are not real.")
        else:
            remark(f"Nothing answers at {spec.url} ({spec.name}), and stand-ins are only for an Ollama of this host.")
    if found:
        remark("The catalogues of ollama.com and Hugging Face are stand-ins too; nobody on the internet is asked.")
    return found[0] if found else None


@contextmanager
def _stand_in(name: str, host: str, port: int) -> Iterator[dict[str, str]]:
    """Start a sandbox for the runtime of that name; give the addresses of its servers."""
    command = [sys.executable, "-m", "venom_modeld", "sandbox", "--format", "json", "--with-parent"]
    command += ["--host", host, "--ollama-port", str(port), "--state-dir", str(FOLDER / "sandbox" / name)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603 - this very program
    try:
        yield _addresses_of(process)
    finally:
        _end(process)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError:
        return False
    return True


def _addresses_of(process: "subprocess.Popen[bytes]") -> dict[str, str]:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise Failure("The stand-in could not be started; what it says stands above.")
    addresses: dict[str, str] = json.loads(line)
    return addresses


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.communicate(timeout=END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _greet(address: str, settings: Settings, specs: Sequence[RuntimeSpec], form: Format) -> None:
    _write_config(address, settings)
    if form is Format.JSON:
        show_json({"address": f"{address}/", "file": str(FILE), "config": str(CONFIG)})
    else:
        show(_greeting(address, next((spec for spec in specs if spec.kind == OLLAMA), specs[0])))


def _write_config(address: str, settings: Settings) -> None:
    lines = ["# Written by `venom-modeld try` at every start.", "file: models.yaml"]
    lines += [f"state_dir: {settings.state_dir.name}"]
    lines += [
        f"registry_url: {settings.registry_url}",
        f"trending: {{ollama: {{url: {settings.trending.ollama.url}}}}}",
    ]
    lines += [f"api: {{listen: {json.dumps(urlsplit(address).netloc)}}}"]
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
