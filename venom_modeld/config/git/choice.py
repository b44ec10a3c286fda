"""Whether the file comes out of a git repository; what follows one is loaded only where it does."""

import socket
import time
from typing import TYPE_CHECKING

from venom_modeld.config.setting_groups import Settings

if TYPE_CHECKING:
    from venom_modeld.config.git.repository import Repository


def repository_of(settings: Settings) -> "Repository | None":
    """Return the repository that the settings name, or None. Nothing is fetched yet."""
    git = settings.source.git
    if not git.url:
        return None
    from venom_modeld.config.git.repository import Repository  # noqa: PLC0415 - most hosts have a file of their own

    return Repository(git, settings.state_dir, host=socket.gethostname(), wall=time.time)
