"""A stand-in for the `vllm` command, in the order in which the real one does things."""

import argparse
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

from venom_modeld.sandbox.vllm import engine, flags, speech
from venom_modeld.sandbox.vllm.faults import Faults, read
from venom_modeld.sandbox.vllm.model import Model, Unusable, inspect
from venom_modeld.sandbox.vllm.server import Api, listen, name_of, take_port


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop, and return the exit code of the real one."""
    faults = read()
    time.sleep(faults.import_seconds)
    wanted = flags.parse(arguments)
    speech.say("APIServer", f"version 0.32.0, model {wanted.model}")
    try:
        bound = take_port(wanted.host, wanted.port)
        model = inspect(wanted.model, wanted.max_model_len)
    except OSError as error:
        speech.trace("OSError", str(error))
        return 1
    except Unusable as error:
        speech.trace(error.kind, error.words, *error.more)
        return 1
    with bound:
        return _serve(wanted, model, bound, faults)


def _serve(wanted: argparse.Namespace, model: Model, bound: socket.socket, faults: Faults) -> int:
    heard, tell = os.pipe()
    early: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: early.append(number))  # swallowed until the engine is ready
    running = engine.begin(model, name_of(wanted, faults), faults, port=bound)
    if os.read(running.ready, 1) == b"":
        while early:  # a request to the whole group took the engine, and the server waits for it for ever
            signal.pause()
        speech.trace("RuntimeError", speech.ROOT_CAUSE)
        return 1
    end = os.pidfd_open(running.pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _, __: None if read().deaf else os.write(tell, b"T") and None)
    api = Api(wanted, model, healthy=lambda: not select.select([end], [], [], 0)[0])
    server = listen(api, bound)
    speech.say("APIServer", "Application startup complete.")
    ready, _, _ = select.select([heard, end], [], [])
    if heard not in ready:
        speech.say("APIServer", "Engine core proc EngineCore died unexpectedly.", level="ERROR")
        time.sleep(faults.death_seconds)
        return 0
    server.shutdown()
    server.socket.close()
    if not api.busy.wait(wanted.shutdown_timeout):
        api.busy.aborted.set()
    api.answering.wait(1.0)
    running.end()
    return 0


def run() -> None:
    """Run as a program; threads that still answer are left behind."""
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
