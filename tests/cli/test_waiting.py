"""Waiting: what a status means for whoever waits."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.odd_server import answering, response, stream
from venom_modeld.cli.client import DaemonClient
from venom_modeld.cli.exits import ExitCode
from venom_modeld.cli.waiting import judge, wait, written_revision
from venom_modeld.config.loader import revision_of

REVISION = "sha256:" + "ab" * 32


def status(*, file: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return what the API tells of a daemon in sync, with changes."""
    told = {"revision": REVISION, "attempted_revision": REVISION, "problems": [], "path": "/models.yaml"}
    conditions = more.pop("conditions", {"Ready": "True", "Reconciling": "False", "Stalled": "False"})
    listed = [{"type": kind, "status": truth, "message": f"{kind} is {truth}"} for kind, truth in conditions.items()]
    whole = {"host": "lab", "generation": 2, "observed_generation": 2, "conditions": listed}
    runtimes = [{"name": "gpu", "conditions": listed}, {"name": "idle", "conditions": []}]
    return whole | {"file": told | (file or {}), "runtimes": runtimes} | more


def blaming(message: str) -> dict[str, Any]:
    """Return what a daemon tells that is stalled for this reason."""
    stalled = [{"type": "Stalled", "status": "True", "message": message}]
    runtimes = [{"name": "gpu", "conditions": stalled}]
    return status(conditions={"Ready": "False", "Reconciling": "False", "Stalled": "True"}, runtimes=runtimes)


PROGRESS = {"Ready": "False", "Reconciling": "True", "Stalled": "False"}

VERDICTS: list[tuple[str, dict[str, Any], str | None, ExitCode | None, str]] = [
    ("in sync", status(), None, ExitCode.OK, "In sync at revision abababababab."),
    ("the file on disk is in force", status(), REVISION, ExitCode.OK, "In sync at revision abababababab."),
    ("no runtime", status(conditions={"ConfigValid": "True"}), None, ExitCode.OK, "In sync at revision abababababab."),
    ("not read yet", status(), "sha256:cd", None, "the daemon has not read the file yet"),
    ("not worked on", status(observed_generation=1), None, None, "the file has not been worked on yet"),
    ("never worked on", status(observed_generation=None), None, None, "the file has not been worked on yet"),
    ("nothing in force", status(file={"revision": None}), None, None, "the file has not been worked on yet"),
    ("at work", status(conditions=PROGRESS), None, None, "gpu: Ready is False"),
    ("not told by a runtime", status(conditions=PROGRESS, runtimes=[]), None, None, "Ready is False"),
    ("unknown", status(conditions={"Ready": "Unknown", "Stalled": "Unknown"}), None, None, "gpu: Ready is Unknown"),
    (
        "stalled, the rest goes on",
        status(conditions={"Ready": "False", "Reconciling": "True", "Stalled": "True"}),
        None,
        None,
        "gpu: Ready is False",
    ),
    (
        "stalled",
        status(conditions={"Ready": "False", "Reconciling": "False", "Stalled": "True"}),
        None,
        ExitCode.BLOCKED,
        "A person has to act:\ngpu: Stalled is True",
    ),
    (
        "stalled, with the name in the reason",
        blaming("Runtime 'gpu' (http://gpu:1): pulling a:1b failed"),
        None,
        ExitCode.BLOCKED,
        "A person has to act:\nRuntime 'gpu' (http://gpu:1): pulling a:1b failed",
    ),
    (
        "broken file",
        status(file={"problems": ["models.yaml:1:1: write a mapping"]}),
        None,
        ExitCode.FAILED,
        "models.yaml is not valid:\nmodels.yaml:1:1: write a mapping",
    ),
]


@pytest.mark.parametrize(
    ("told", "written", "code", "message"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS]
)
def test_a_status_is_judged(told: dict[str, Any], written: str | None, code: ExitCode | None, message: str) -> None:
    """Only a status that speaks of the file as it is now can be an end."""
    verdict = judge(told, written)
    assert (verdict.code, verdict.message) == (code, message)


def test_the_file_on_disk_counts_where_the_daemon_runs_on_this_host(tmp_path: Path) -> None:
    """A file of another host, a relative path, and a file that cannot be read say nothing."""
    here, path = socket.gethostname(), tmp_path / "models.yaml"
    assert written_revision(status(host=here, file={"path": str(path)})) is None
    path.write_text("version: 1\n")
    assert written_revision(status(host=here, file={"path": str(path)})) == revision_of(b"version: 1\n")
    assert written_revision(status(host="elsewhere", file={"path": str(path)})) is None
    assert written_revision(status(host=here, file={"path": "models.yaml"})) is None


def test_time_passes_while_nobody_answers(nobody: str) -> None:
    """A daemon that may still be starting is tried again until then, and the end says that none answered."""
    told: list[str] = []
    verdict = wait(DaemonClient(nobody), 0.2, told.append)
    assert verdict.code is ExitCode.UNREACHABLE
    assert verdict.message.startswith("Not converged after 0 s: No daemon answers at")
    assert len(told) == 1


def test_a_daemon_that_says_nothing_is_a_time_out() -> None:
    """It answered, so it is there."""
    with answering(stream(b": still here\n\n"), keep_open=True) as (address, _):
        started = time.monotonic()
        verdict = wait(DaemonClient(address), 0.2, lambda _: None)
    assert verdict.code is ExitCode.TIMEOUT
    assert verdict.message == "Not converged after 0 s: nothing was heard of the daemon"
    assert time.monotonic() - started >= 0.2


def test_a_daemon_that_restarts_is_listened_to_again() -> None:
    """The verdict of the new one counts."""
    good = stream(b"event: snapshot\ndata: %s\n\n" % json.dumps(status()).encode())
    with answering(response(b"{}", "200 OK", "text/event-stream"), good) as (address, _):
        verdict = wait(DaemonClient(address), 20, lambda _: None)
    assert verdict.code is ExitCode.OK
