"""The service on a throwaway host, as tests handle it."""

import json

from tests.systemd.throwaway import ThrowawayHost, eventually

PROGRAM = "/opt/venom-modeld/bin/venom-modeld"
PYTHON = "/opt/venom-modeld/bin/python"
UNIT = "venom-modeld.service"
MODELS = "/etc/venom-modeld/models.yaml"
SETTINGS = "/etc/venom-modeld/modeld.yaml"
REGISTRY = "http://127.0.0.1:5001"
SLOW, FAST = 2e6, 1e12

ASK = """
import json, sys, urllib.error, urllib.request
url, method, data, headers = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), json.loads(sys.argv[4])
request = urllib.request.Request(url, data and data.encode(), headers, method=method)
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read().decode())
"""

QUICK = "registry_url: http://127.0.0.1:5001\ninterval: 1s\nretry: {first: 100ms, max: 500ms}\n"


class Service:
    """The service, and the stand-in for Ollama that it keeps."""

    def __init__(self, host: ThrowawayHost) -> None:
        self.host = host

    def command(self, *arguments: object, check: bool = True) -> str:
        """Run a command of the program."""
        return self.host.run(PROGRAM, *arguments, check=check)

    def serve(self, rate: float) -> None:
        """Start the stand-in anew, with nothing on it, at so many bytes a second."""
        self.host.run("systemctl", "stop", "stand-in", check=False)
        eventually(lambda: self.host.show("stand-in", "LoadState") == "not-found", "systemd has forgotten the last one")
        ports = ["--ollama-port", 11434, "--registry-port", 5001, "--control-port", 5002]
        command = [PROGRAM, "sandbox", *ports, "--rate", rate]
        self.host.run("systemd-run", "--quiet", "--collect", "--unit=stand-in", *command)
        eventually(lambda: self.sandbox("state"), "the stand-in answers")

    def ask(self, url: str, *, token: str = "", change: object = None) -> str:
        """Return the status and the body of an answer of the host's own network; empty where nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        method, data = ("GET", None) if change is None else ("PATCH", json.dumps(change))
        return self.host.run(PYTHON, "-c", ASK, url, method, json.dumps(data), json.dumps(headers), check=False)

    def sandbox(self, path: str, change: object = None) -> str:
        """Ask or tell the stand-in's control port something."""
        return self.ask(f"http://127.0.0.1:5002/{path}", change=change)

    def declare(self, *models: str, more: str = "") -> None:
        """Write models.yaml."""
        entry = f"{{kind: ollama, url: 'http://127.0.0.1:11434', prune: managed, models: [{', '.join(models)}]}}"
        self.host.write(MODELS, f"version: 1\nruntimes:\n  one: {entry}\n{more}")

    def property(self, name: str) -> str:
        """Return a property of the unit."""
        return self.host.show(UNIT, name)

    def converged(self) -> None:
        """Wait until the host is as the file says."""
        self.command("wait", "--timeout", "60s")

    def refused(self) -> str:
        """Wait until what is left needs a person, and return why."""
        return self.host.run("sh", "-c", f"{PROGRAM} wait --timeout 60s 2>&1; [ $? = 5 ]")

    def log(self, *matches: str) -> list[dict[str, str]]:
        """Return what the present run of the unit, or the last one, has in the journal with these fields."""
        run = f"_SYSTEMD_INVOCATION_ID={self.property('InvocationID')}"
        found = self.host.run("journalctl", "--output", "json", "--no-pager", run, *matches, check=False)
        return [json.loads(line) for line in found.splitlines()]

    def restart_with(self, unit: str) -> None:
        """Restart the service with more in its unit."""
        self.host.write(f"/etc/systemd/system/{UNIT}.d/test.conf", f"[Service]\n{unit}\n")
        self.host.run("systemctl", "daemon-reload")
        self.host.run("systemctl", "restart", UNIT)

    def uninstall(self) -> None:
        """Take it away with all that it left."""
        self.command("service", "uninstall", "--purge", "--yes")
