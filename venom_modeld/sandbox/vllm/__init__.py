"""A stand-in for the `vllm` command: the flags, processes, signals, answers and failures of the real one, no weights.

`python -m venom_modeld.sandbox.vllm serve FOLDER …` is what a file writes as `command`. It imports nothing but the
standard library, so that it is there in the time that it is told to take.
"""
