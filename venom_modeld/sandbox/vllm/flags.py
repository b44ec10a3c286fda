"""The command line of `vllm serve`, as far as anybody here writes it; other flags are refused as by the real one."""

import argparse
from collections.abc import Sequence

_SWITCHES = (
    "--enforce-eager",
    "--trust-remote-code",
    "--enable-lora",
    "--enable-prefix-caching",
    "--enable-chunked-prefill",
    "--disable-log-requests",
    "--enable-server-load-tracking",
)
_VALUES = (
    "--dtype",
    "--gpu-memory-utilization",
    "--kv-cache-dtype",
    "--max-num-seqs",
    "--quantization",
    "--seed",
    "--tensor-parallel-size",
    "--tokenizer",
    "--chat-template",
    "--compilation-config",
    "--limit-mm-per-prompt",
)
NO_LIMIT = 1_000_000


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what is asked for; leaves the program with code 2 where the real one does."""
    parser = argparse.ArgumentParser(prog="vllm")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve")
    serve.add_argument("model")
    serve.add_argument("--host", default="0.0.0.0")
    serve.add_argument("--port", type=int, default=8000)
    serve.add_argument("--served-model-name", nargs="+")
    serve.add_argument("--api-key", nargs="+")
    serve.add_argument("--max-model-len", type=int)
    serve.add_argument("--shutdown-timeout", type=int, default=0)
    serve.add_argument("--max-loras", type=int, default=1)
    serve.add_argument("--max-lora-rank", type=int, default=16)
    for name in _SWITCHES:
        serve.add_argument(name, action=argparse.BooleanOptionalAction, default=False)
    for name in _VALUES:
        serve.add_argument(name)
    return parser.parse_args(arguments)
