"""The daemon where the extra is not installed."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.modules["apprise"] = None
from pathlib import Path
from venom_modeld.notifications.channel import Channel, NotificationsUnusable
try:
    Channel(Path(sys.argv[1])).require()
except NotificationsUnusable as error:
    print(error)
"""


def test_settings_that_need_it_are_refused_with_what_to_install(tmp_path: Path) -> None:
    """Nobody finds out on the day that something fails."""
    (tmp_path / "urls").write_text("json://127.0.0.1:9/\n")
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "urls")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "run `pip install 'venom-modeld[notify]'` there" in ended.stdout
