# ruff: noqa: INP001 - the browser tests start it by its path
"""The Hub that the vLLM of a browser test downloads from: a few small models of our own, until standard input ends."""

import asyncio
import sys

from venom_modeld.sandbox.hub import Hub, HubSettings


async def serve() -> None:
    """Print the address, and answer until whoever started this is gone."""
    async with Hub(HubSettings(catalogue=False)) as hub:
        hub.publish("acme/Wren-3B")
        hub.publish("Qwen/Qwen3-0.6B")
        hub.publish("acme/Heron-70B-Instruct", gated="manual")
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(serve())
