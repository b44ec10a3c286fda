"""A program that installs one model and reports nothing, to be killed: CACHE ENDPOINT REPOSITORY."""

import asyncio
import sys
from pathlib import Path

from venom_modeld.runtimes.base import Environment
from venom_modeld.runtimes.vllm.weights.cache import Weights
from venom_modeld.runtimes.vllm.weights.hub import Hub


async def main(cache: str, endpoint: str, repository: str) -> None:
    """Install the main branch."""
    environment = Environment(
        connect_timeout=5.0,
        read_timeout=10.0,
        load_timeout=10.0,
        registry_url="",
        user_agent="venom-modeld/test",
        state_dir=Path(cache),
    )
    weights = Weights(Hub(cache=Path(cache), endpoint=endpoint), runtime="Runtime 'x'", environment=environment)
    await weights.install(repository, "main", (), lambda _progress: None)


asyncio.run(main(*sys.argv[1:]))
