"""The daemon as a service of a real systemd: installed, watched, stopped and taken away."""

import json
import re
import time

from tests.systemd.service import FAST, MODELS, QUICK, SETTINGS, SLOW, UNIT, Service
from tests.systemd.throwaway import ThrowawayHost, eventually


def test_the_service_runs_without_privileges(service: Service) -> None:
    """A user of its own, no capability, no way to get one, and nobody else's files to write."""
    status = service.host.run("cat", f"/proc/{service.property('MainPID')}/status")
    found = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    user = service.host.run("id", "-u", "venom-modeld")
    assert found["Uid"].split() == [user] * 4
    assert (found["CapEff"], found["CapBnd"], found["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
    service.converged()
    eventually(lambda: "as the file says" in service.property("StatusText"), "the words of the status")


def test_installing_shows_what_it_does_and_does_it_once(host: ThrowawayHost) -> None:
    """Nothing is done before it is confirmed, nothing of a person's is written over, and again nothing is done."""
    service = Service(host)
    service.uninstall()
    host.write(MODELS, "version: 1\nruntimes: {}\n")
    shown = service.command("service", "install", check=False)
    assert "- create the system user venom-modeld" in shown
    assert f"- write /etc/systemd/system/{UNIT}" in shown
    assert not host.run("systemctl", "list-unit-files", "--no-legend", UNIT, check=False)
    done = service.command("service", "install", "--yes")
    assert done.splitlines()[-1] == "Done."
    assert host.run("cat", MODELS) == "version: 1\nruntimes: {}"
    assert service.property("UnitFileState") == "enabled"
    assert service.command("service", "install").endswith("there is nothing to do.")
    state = json.loads(service.command("service", "status", "--format", "json"))
    assert (state["installed"], state["running"], state["up_to_date"], state["at_boot"]) == (True, True, True, True)


def test_a_unit_of_another_version_is_replaced(service: Service) -> None:
    """The daemon is restarted with it."""
    before = service.property("MainPID")
    service.host.run("sed", "-i", "s/^WatchdogSec=.*/WatchdogSec=1h/", f"/etc/systemd/system/{UNIT}")
    assert json.loads(service.command("service", "status", "--format", "json"))["up_to_date"] is False
    done = service.command("service", "install", "--yes")
    assert [line for line in done.splitlines() if line.startswith("  - ")] == [
        f"  - replace /etc/systemd/system/{UNIT}",
        "  - have systemd read its units again",
        f"  - restart {UNIT}",
    ]
    assert service.property("MainPID") != before


def test_ready_means_that_every_runtime_was_looked_at(service: Service) -> None:
    """One that does not answer counts; what starts after the daemon can rely on its status."""
    lost = "  two: {kind: ollama, url: 'http://127.0.0.1:9', prune: managed, models: []}\n"
    service.declare("all-minilm", more=lost)
    service.host.run("systemctl", "restart", UNIT)
    status = json.loads(service.command("status", "--format", "json"))
    assert [one["observed_at"] is not None or one["error"] is not None for one in status["runtimes"]] == [True, True]
    eventually(lambda: "two: does not answer" in service.property("StatusText"), "the words of the status")


def test_a_reload_reads_the_file_at_once(service: Service) -> None:
    """Its beginning and its end and its end are seen by systemd, and the log has it as fields."""
    service.converged()
    service.host.run("systemctl", "reload", UNIT)
    eventually(lambda: service.log("MODELD_MESSAGE=reading the file again"), "the log tells of it")
    [entry] = service.log("MODELD_MESSAGE=reading the file again")
    assert (entry["MODELD_CAUSE"], entry["PRIORITY"], entry["_SYSTEMD_UNIT"]) == ("SIGHUP", "6", UNIT)
    eventually(lambda: service.property("ActiveState") == "active", "the reload ends")
    assert service.property("NRestarts") == "0"


def test_a_wedged_daemon_is_killed_and_converges_after_the_restart(service: Service) -> None:
    """Its loops no longer feed the watchdog; nobody has to notice."""
    service.restart_with("WatchdogSec=2s\nRestartSec=100ms")
    service.converged()
    before, fed = service.property("MainPID"), service.property("WatchdogTimestampMonotonic")
    eventually(lambda: service.property("WatchdogTimestampMonotonic") != fed, "the loops feed the watchdog")
    service.host.run("kill", "-STOP", before)
    service.declare("all-minilm", "smollm2:135m")
    eventually(lambda: service.property("NRestarts") == "1", "systemd starts it again")
    eventually(lambda: service.property("ActiveState") == "active", "it is ready again")
    timeouts = service.host.run("journalctl", "--unit", UNIT, "--grep", "Watchdog timeout", "--output", "cat")
    assert timeouts == f"{UNIT}: Watchdog timeout (limit 2s)!"
    service.converged()
    assert "smollm2:135m" in service.sandbox("state")


def test_a_stop_in_the_middle_of_a_download_is_clean_and_quick(service: Service) -> None:
    """The download is cut, long before systemd would kill it, and is done after the next start."""
    service.serve(SLOW)
    service.declare("all-minilm")
    eventually(lambda: "installing all-minilm" in service.property("StatusText"), "the download begins")
    began = time.monotonic()
    service.host.run("systemctl", "stop", UNIT)
    assert time.monotonic() - began < 15
    assert (service.property("Result"), service.property("ExecMainStatus")) == ("success", "0")
    assert not [entry for entry in service.log() if int(entry["PRIORITY"]) < 4]
    service.sandbox("faults", {"rate": FAST})
    service.host.run("systemctl", "start", UNIT)
    service.converged()


def test_a_token_in_the_credential_store_is_what_callers_must_send(service: Service) -> None:
    """Only root and the daemon can read it."""
    service.host.write("/etc/credstore/venom-modeld.api-token", "sesame\n")
    token = "/run/credentials/venom-modeld.service/api-token"
    service.host.write(SETTINGS, f"{QUICK}api: {{token_file: {token}}}\n")
    service.host.run("systemctl", "restart", UNIT)
    url = "http://127.0.0.1:8765/api/v1/status"
    assert [service.ask(url, token=sent).split()[0] for sent in ("", "sesame")] == ["401", "200"]
    assert service.host.run("runuser", "-u", "nobody", "--", "cat", token, check=False) == ""
    service.host.run("rm", "/etc/credstore/venom-modeld.api-token")


def test_the_daemon_may_edit_models_yaml_and_nothing_else_there(service: Service) -> None:
    """The folder's sticky bit keeps it from taking root's file away."""
    service.converged()
    service.command("install", "one", "gemma3:270m")
    service.converged()
    assert "gemma3:270m" in service.sandbox("state")
    move = "mv /etc/venom-modeld/modeld.yaml /etc/venom-modeld/other"
    assert "0" not in service.host.run(
        "runuser", "-u", "venom-modeld", "--", "sh", "-c", f"{move}; echo $?", check=False
    )
    assert service.host.run("cat", SETTINGS) == QUICK.strip()


def test_uninstalling_keeps_what_is_a_persons(service: Service) -> None:
    """Settings, models.yaml and the state stay until somebody says `--purge`; models are never touched."""
    service.converged()
    service.command("service", "uninstall", "--yes")
    assert not service.host.run("systemctl", "list-unit-files", "--no-legend", UNIT, check=False)
    assert service.host.run("ls", "/etc/venom-modeld").split() == ["modeld.yaml", "models.yaml"]
    assert "state.db" in service.host.run("ls", "/var/lib/venom-modeld")
    service.uninstall()
    places = ["/etc", "/var/lib", "/var/cache", "/run", "/usr/lib/systemd"]
    left = service.host.run("find", *places, "-xdev", "-name", "*venom*")
    assert not [path for path in left.splitlines() if not re.search(r"cgroup|journal", path)]
    assert not service.host.run("getent", "passwd", "venom-modeld", check=False)
    assert not service.host.run("getent", "group", "venom-modeld", check=False)
    assert "all-minilm" in service.sandbox("state")
