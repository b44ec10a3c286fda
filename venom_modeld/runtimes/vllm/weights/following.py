"""The lines of an installing child, as progress: one part a file, summed up by whoever shows it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from venom_modeld.core.progress import Part, Phase, Progress
from venom_modeld.runtimes.base import Report
from venom_modeld.runtimes.vllm.weights.files import RemoteFile, size_of

logger = logging.getLogger(__name__)


class Follower:
    """Follows one install."""

    def __init__(self, files: Sequence[RemoteFile], report: Report) -> None:
        self._total = size_of(files)
        self._parts = {file.path: Part(total=file.size) for file in files}
        self._phase = Phase.RESOLVING
        self._report = report
        self.used_xet = False
        """Whether a file is, or was, fetched by the Hub's own protocol."""

    def listen(self, line: Mapping[str, Any]) -> None:
        """Take a line."""
        if "phase" in line:
            self._phase = Phase(line["phase"])
        elif "file" in line:
            part = self._parts[line["file"]]
            self._parts[line["file"]] = Part(completed=line["bytes"], total=part.total)
        elif "xet" in line:
            self.used_xet = True
        elif "fallback" in line:
            logger.warning("xet failed, plain HTTP goes on", extra={"words": line["fallback"]})
        self._report(Progress(phase=self._phase, parts=dict(self._parts), expected_bytes=self._total))
