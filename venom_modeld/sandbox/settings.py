"""What a sandbox is started with. Changing something while it runs is the business of the fault dial."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """Addresses, speeds and waiting times of one sandbox. Times are seconds, speeds bytes per second."""

    host: str = "127.0.0.1"
    """Address all servers listen on."""
    ollama_port: int = 0
    """Port of the stand-in Ollama; 0 takes a free one."""
    registry_port: int = 0
    """Port of the registry; 0 takes a free one."""
    control_port: int = 0
    """Port of the control server; 0 takes a free one."""
    site_port: int | None = None
    """Port of the stand-in ollama.com; 0 takes a free one, None starts none."""
    hub_port: int | None = None
    """Port of the stand-in Hub; 0 takes a free one, None starts none."""
    rate: float = 50e6
    """How fast one blob is downloaded."""
    load_rate: float = 1e9
    """How fast weights are read into memory when a model loads."""
    verify_rate: float = 600e6
    """How fast a downloaded blob is hashed."""
    line_interval: float = 0.06
    """Time between two progress lines of a pull."""
    stall_timeout: float = 30.0
    """Time without a byte after which Ollama starts a part of a blob again."""
    retry_delay: float = 1.0
    """First wait after a part of a blob failed; it doubles with each of the six tries."""
    connect_timeout: float = 30.0
    """Time after which a registry that drops every packet is given up."""
    part_size: int = 100_000_000
    """Bytes of one part; the parts of a blob are downloaded side by side, each resumed on its own."""
    max_loaded: int = 3
    """How many models are in memory at once; the next one drives another out."""
    models_dir: str = "/usr/share/ollama/.ollama/models"
    """Folder that error messages name; nothing is written there."""
    version: str = "0.33.0"
    """Version that the stand-in Ollama reports."""
    seed: int = 0
    """Makes the order of lists and the tokens of answers repeatable."""
    state_dir: Path | None = None
    """Folder that keeps models and registry over a restart of the program; None keeps them in memory."""

    def __post_init__(self) -> None:
        """Refuse values that would make the sandbox wait for ever or divide by zero."""
        if self.host != "localhost":
            _check_address(self.host)
        positive = {
            "rate": self.rate,
            "load_rate": self.load_rate,
            "verify_rate": self.verify_rate,
            "line_interval": self.line_interval,
            "stall_timeout": self.stall_timeout,
            "retry_delay": self.retry_delay,
            "connect_timeout": self.connect_timeout,
            "part_size": self.part_size,
            "max_loaded": self.max_loaded,
        }
        for name, value in positive.items():
            if value <= 0:
                message = f"The sandbox setting {name} must be above zero, and is {value}."
                raise ValueError(message)


def _check_address(host: str) -> None:
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        message = f"The sandbox listens on an IP address or localhost, and {host!r} is neither."
        raise ValueError(message) from error
