"""From options to the settings in force."""

import os
from pathlib import Path

from venom_modeld.cli.config_file import config_file
from venom_modeld.config.settings import Settings, load_settings


def settings(config: Path | None, **options: object) -> Settings:
    """Return the settings in force: options before the environment before the settings file.

    An option is given by the name of its setting, with `__` for the dot (`api__listen`); None stands for one that was
    not given. Raises SettingsError with everything that is wrong.
    """
    overrides = {
        name.replace("__", "."): str(value) if isinstance(value, Path) else value for name, value in options.items()
    }
    return load_settings(config_file(config), os.environ, overrides)
