"""The fixtures of tests of the vLLM driver."""

from tests.runtimes.vllm.house import bare_host, host, hub, stock

__all__ = ["bare_host", "host", "hub", "stock"]
