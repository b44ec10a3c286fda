"""Settings come from the command line, the environment, a file and defaults, and are refused with all their errors."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from venom_modeld.config.settings import (
    Listen,
    Settings,
    SettingsError,
    all_settings,
    load_settings,
    parse_listen,
)
from venom_modeld.core.durations import in_units, parse_duration

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config/modeld.yaml"
REFERENCE = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
ALL = list(all_settings())

FILE = """
file: models.yaml
state_dir: /srv/state
interval: 1m
update_check: 2h
poll: 500ms
stall_timeout: 1.5m
registry_url: HTTP://mirror.lan:5000/
retry: {first: 1s, max: 1h}
timeouts: {connect: 1s, read: 2s, load: 3s}
api:
  listen: "[::]:9000"
  token_file: secrets/token
  allowed_origins: ["https://venom.lan"]
  allowed_hosts: [Models.lan, "box:9000"]
  edits: off
  operations: no
log: {level: debug, format: json}
history: {days: 7, keep: 100}
trending:
  refresh: 1h
  ollama: {source: off, url: "http://127.0.0.1:9001"}
notifications: {urls_file: secrets/urls}
source:
  git:
    url: ssh://git@git.example/models.git
    ref: main
    path: "hosts/{host}.yaml"
    interval: 5m
    require_signed: on
    webhook_secret_file: secrets/webhook
"""


def load(
    text: str | None = None, environ: Mapping[str, str] | None = None, *, folder: Path = Path(), **more: object
) -> Settings:
    """Load settings from the text of a file, an environment, and a command line."""
    path = None
    if text is not None:
        path = folder / "modeld.yaml"
        path.write_text(text, encoding="utf-8")
    return load_settings(path, environ or {}, {name.replace("__", "."): value for name, value in more.items()})


def faults(folder: Path, text: str | None, environ: Mapping[str, str] | None = None, **more: object) -> list[str]:
    """Return the errors that settings give, without the folder of the file."""
    with pytest.raises(SettingsError) as caught:
        load(text, environ, folder=folder, **more)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_without_anything_the_defaults_hold() -> None:
    """No file is needed, and what the environment holds for others is not looked at."""
    settings = load(environ={"PATH": "/bin", "VENOM_MODELD_SERVER": "http://elsewhere"})
    assert settings == Settings()
    assert settings.api.listen == Listen("127.0.0.1", 8765)
    assert (settings.interval, settings.retry.max, settings.timeouts.load) == (30.0, 900.0, 600.0)


def test_every_setting_can_stand_in_a_file(tmp_path: Path) -> None:
    """Each arrives as the rest of the program uses it, relative paths from the folder of the file."""
    settings = load(FILE, folder=tmp_path)
    assert settings.model_dump() == {
        "file": tmp_path / "models.yaml",
        "state_dir": Path("/srv/state"),
        "interval": 60.0,
        "update_check": 7200.0,
        "poll": 0.5,
        "stall_timeout": 90.0,
        "registry_url": "http://mirror.lan:5000",
        "retry": {"first": 1.0, "max": 3600.0},
        "timeouts": {"connect": 1.0, "read": 2.0, "load": 3.0},
        "api": {
            "listen": {"host": "::", "port": 9000},
            "token_file": tmp_path / "secrets/token",
            "allowed_origins": ["https://venom.lan"],
            "allowed_hosts": ["models.lan", "box:9000"],
            "edits": False,
            "operations": False,
        },
        "log": {"level": "debug", "format": "json"},
        "history": {"days": 7, "keep": 100},
        "trending": {"refresh": 3600.0, "ollama": {"source": "off", "url": "http://127.0.0.1:9001"}},
        "notifications": {"urls_file": tmp_path / "secrets/urls"},
        "source": {
            "git": {
                "url": "ssh://git@git.example/models.git",
                "ref": "main",
                "path": "hosts/{host}.yaml",
                "interval": 300.0,
                "require_signed": True,
                "webhook_secret_file": tmp_path / "secrets/webhook",
            }
        },
    }


def test_every_setting_can_stand_in_a_variable(tmp_path: Path) -> None:
    """What the file says can be said by the environment, word for word, a list with commas."""
    data = yaml.load(FILE, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts and nothing else
    environ = {}
    for setting in ALL:
        value: Any = data
        for part in setting.path:
            value = value[part]
        environ[setting.variable] = ", ".join(value) if isinstance(value, list) else value
    environ["VENOM_MODELD_FILE"] = str(tmp_path / "models.yaml")
    environ["VENOM_MODELD_API_TOKEN_FILE"] = str(tmp_path / "secrets/token")
    environ["VENOM_MODELD_NOTIFICATIONS_URLS_FILE"] = str(tmp_path / "secrets/urls")
    environ["VENOM_MODELD_SOURCE_GIT_WEBHOOK_SECRET_FILE"] = str(tmp_path / "secrets/webhook")
    assert load(environ=environ) == load(FILE, folder=tmp_path)


def test_no_two_settings_share_a_variable() -> None:
    """Joining keys by underscores is without ambiguity."""
    assert len({setting.variable for setting in ALL}) == len(ALL)


def test_the_nearest_word_counts(tmp_path: Path) -> None:
    """The command line stands before the environment, the environment before the file, the file before the default."""
    text = "interval: 1s\npoll: 1s\nstall_timeout: 1s\napi: {edits: off}\n"
    environ = {"VENOM_MODELD_POLL": "2s", "VENOM_MODELD_STALL_TIMEOUT": "2s", "VENOM_MODELD_API_OPERATIONS": "off"}
    settings = load(text, environ, folder=tmp_path, stall_timeout="3s", api__listen="127.0.0.1:1", interval=None)
    assert (settings.interval, settings.poll, settings.stall_timeout) == (1.0, 2.0, 3.0)
    assert (settings.api.edits, settings.api.operations, settings.api.listen.port) == (False, False, 1)
    assert settings.update_check == 3600.0


def test_a_later_place_may_say_the_default_again(tmp_path: Path) -> None:
    """Written is written, also where it is what would hold anyway."""
    assert load("interval: 1s\n", {"VENOM_MODELD_INTERVAL": "30s"}, folder=tmp_path).interval == 30.0


def test_an_empty_variable_counts_as_not_set() -> None:
    """Unit files and Compose files set variables to nothing when they mean none."""
    assert load(environ={"VENOM_MODELD_API_TOKEN_FILE": "", "VENOM_MODELD_INTERVAL": ""}) == Settings()


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_leaves_the_defaults(tmp_path: Path, text: str) -> None:
    """A file in which every line is a comment is the natural start."""
    assert load(text, folder=tmp_path) == Settings()


def test_all_errors_of_a_file_come_at_once(tmp_path: Path) -> None:
    """Each with its place and what to write."""
    text = """interval: 30
intervaal: 30s
poll: soon
stall_timeout: 1ms
update_check: 400d
file: 3
state_dir: ""
registry_url: registry.ollama.ai
retry:
  first: true
timeouts: 5s
api:
  listen: 8765
  allowed_origins: "https://a"
  allowed_hosts: ["https://a/b"]
  edits: "sometimes"
log: {level: loud, format: , colour: red}
history: {days: 0, keep: 1.5, keep: 3}
trending: {refresh: 5m, ollama: {source: on}}
"""
    duration = "write a number with ms, s, m, h or d, such as 30s or 15m"
    assert faults(tmp_path, text) == [
        "modeld.yaml:1:11: the number 30 has no unit; write 30s for seconds, or another of ms, m, h and d",
        "modeld.yaml:2:1: there is no key 'intervaal' here; did you mean `interval`?",
        f"modeld.yaml:3:7: 'soon' is no duration; {duration}",
        "modeld.yaml:4:16: '1ms' is too short; write 100ms to 365d",
        "modeld.yaml:5:15: '400d' is too long; write 100ms to 365d",
        "modeld.yaml:6:7: the number 3 is no path; write the path of a file or folder",
        "modeld.yaml:7:12: '' is no path; write the path of a file or folder",
        "modeld.yaml:8:15: 'registry.ollama.ai' has no scheme; write http:// or https:// before it",
        f"modeld.yaml:10:10: true is no duration; {duration}",
        "modeld.yaml:11:11: `timeouts` is '5s'; write a mapping of keys to values",
        "modeld.yaml:13:11: the number 8765 is no address to listen on; write HOST:PORT, such as 127.0.0.1:8765",
        "modeld.yaml:14:20: `allowed_origins` is 'https://a'; write a list",
        "modeld.yaml:15:19: 'https://a/b' is no host; write HOST or HOST:PORT, without a scheme and a path",
        "modeld.yaml:16:10: `edits` is 'sometimes'; write true or false",
        "modeld.yaml:17:14: `level` is 'loud'; write debug, info, warning or error",
        "modeld.yaml:17:20: `format` has no value; write one, or leave the key out",
        "modeld.yaml:17:30: there is no key 'colour' here; the keys here are: format, level",
        "modeld.yaml:18:17: `days` is the number 0; write 1 or more",
        "modeld.yaml:18:26: `keep` is the number 1.5; write a whole number",
        "modeld.yaml:18:31: the key `keep` is on line 18 already; keep one of the two",
        "modeld.yaml:19:21: 5m is too often for lists on other people's servers; write 15m to 60m",
        "modeld.yaml:19:42: `source` is true; write website, recommendations or off",
    ]


def test_the_errors_of_all_places_come_at_once(tmp_path: Path) -> None:
    """A wrong word is told also where a nearer place overrides it."""
    environ = {
        "VENOM_MODELD_INTERVAL": "often",
        "VENOM_MODELD_API_EDITS": "maybe",
        "VENOM_MODELD_HISTORY_DAYS": "many",
        "VENOM_MODELD_TRENDING_REFRESH": "61m",
        "VENOM_MODELD_API_ALLOWED_HOSTS": "a,b c",
        "VENOM_MODELD_API_LISTN": "127.0.0.1:1",
    }
    duration = "write a number with ms, s, m, h or d, such as 30s or 15m"
    assert faults(tmp_path, "interval: soon\n", environ, interval="5s", state_dir="", api__listen="x") == [
        "VENOM_MODELD_API_LISTN: there is no such setting; did you mean VENOM_MODELD_API_LISTEN?",
        f"modeld.yaml:1:11: 'soon' is no duration; {duration}",
        f"VENOM_MODELD_INTERVAL: 'often' is no duration; {duration}",
        "VENOM_MODELD_API_ALLOWED_HOSTS: 'b c' is no host; write HOST or HOST:PORT, without a scheme and a path",
        "VENOM_MODELD_TRENDING_REFRESH: 61m is too seldom for lists on other people's servers; write 15m to 60m",
        "VENOM_MODELD_API_EDITS: `edits` is 'maybe'; write true or false",
        "VENOM_MODELD_HISTORY_DAYS: `days` is 'many'; write a whole number",
        "--state-dir: '' is no path; write the path of a file or folder",
        "--listen: 'x' is no address to listen on; write HOST:PORT, such as 127.0.0.1:8765",
    ]


@pytest.mark.parametrize(
    ("text", "environ", "overrides", "expected"),
    [
        ("api:\n  listen: 0.0.0.0:8765\n", {}, {}, "modeld.yaml:2:11: other hosts can reach 0.0.0.0:8765, {}"),
        (None, {"VENOM_MODELD_API_LISTEN": "[::]:1"}, {}, "VENOM_MODELD_API_LISTEN: other hosts can reach [::]:1, {}"),
        (
            "api: {listen: '0.0.0.0:8765'}\n",
            {"VENOM_MODELD_API_LISTEN": "127.0.0.1:1"},
            {"api__listen": "box.lan:1"},
            "--listen: other hosts can reach box.lan:1, {}",
        ),
    ],
)
def test_an_open_address_without_a_token_is_refused(
    tmp_path: Path, text: str | None, environ: dict[str, str], overrides: dict[str, str], expected: str
) -> None:
    """The place whose word counts is named."""
    advice = "and nothing tells who calls; set `api.token_file`, or listen on 127.0.0.1"
    assert faults(tmp_path, text, environ, **overrides) == [expected.format(advice)]


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.8.8:1", "[::1]:8765", "localhost:1", "LOCALHOST:1"])
def test_a_loopback_address_needs_no_token(address: str) -> None:
    """Whoever reaches it is on this host already."""
    assert load(api__listen=address).api.listen.is_loopback


def test_an_open_address_with_a_token_is_taken(tmp_path: Path) -> None:
    """The token may be named in another place than the address."""
    settings = load("api: {token_file: token}\n", {"VENOM_MODELD_API_LISTEN": "0.0.0.0:1"}, folder=tmp_path)
    assert settings.api.token_file == tmp_path / "token"


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("retry:\n  first: 1h\n", {}, ["modeld.yaml:2:10: the first wait is 1h and the longest is 15m; {}"]),
        ("retry: {max: 1s}\n", {}, ["modeld.yaml:1:14: the first wait is 5s and the longest is 1s; {}"]),
        ("retry: {max: 2s}\n", {"VENOM_MODELD_RETRY_FIRST": "1s"}, []),
    ],
)
def test_the_first_wait_is_not_longer_than_the_longest(
    tmp_path: Path, text: str, environ: dict[str, str], expected: list[str]
) -> None:
    """Only the settings that are in force are compared."""
    if not expected:
        assert load(text, environ, folder=tmp_path).retry.first == 1.0
        return
    advice = "write a longer `max` or a shorter `first`"
    assert faults(tmp_path, text, environ) == [line.format(advice) for line in expected]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Whoever names a settings file means it."""
    with pytest.raises(SettingsError, match="does not exist") as caught:
        load_settings(tmp_path / "none.yaml", {"VENOM_MODELD_POLL": "x"}, {})
    assert [problem.path_of_file for problem in caught.value.problems] == [
        str(tmp_path / "none.yaml"),
        "VENOM_MODELD_POLL",
    ]


def test_a_file_that_is_no_yaml_is_an_error(tmp_path: Path) -> None:
    """The reader's own error is the only one."""
    [found] = faults(tmp_path, "interval: 'soon\n")
    assert found.startswith("modeld.yaml:1:11: ")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("100ms", 0.1), ("1s", 1.0), ("30s", 30.0), ("1.5h", 5400.0), ("2m", 120.0), ("365d", 31_536_000.0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    """A text becomes seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", ["", "s", "30", "30 s", "-1s", "1e3s", "1h30m", "٣s", "0s", "366d", 30, 1.5, True, None]
)
def test_anything_else_is_no_duration(value: object) -> None:
    """Numbers without a unit, signs, spaces and words are refused, and so is what is too short or too long."""
    with pytest.raises(ValueError, match="write"):
        parse_duration(value)


@given(st.integers(100, 365 * 86_400_000))
def test_a_duration_written_out_is_read_back(milliseconds: int) -> None:
    """Whole milliseconds survive the way to a text and back."""
    seconds = milliseconds / 1000
    assert parse_duration(in_units(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["127.0.0.1:8765", "[::1]:0", "models.lan:65535"])
def test_an_address_reads_back_as_it_is_written(text: str) -> None:
    """IPv6 addresses keep their brackets."""
    assert str(parse_listen(text)) == text


@pytest.mark.parametrize(
    "value",
    ["", "8765", ":8765", "host", "host:", "host:65536", "host:٣", "::1:8765", "[::1:8765", "a b:1", "[zz]:1", 1],
)
def test_anything_else_is_no_address(value: object) -> None:
    """The error says what an address looks like."""
    with pytest.raises(ValueError, match=r"write HOST:PORT, such as 127\.0\.0\.1:8765"):
        parse_listen(value)


def test_the_shipped_file_holds_every_default() -> None:
    """Its values are the defaults, its comments the meanings, and what has no default stands in a comment."""
    assert load_settings(SHIPPED, {}, {}) == Settings()
    text = SHIPPED.read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts and nothing else
    words = " ".join(re.sub(r"^\s*#", " ", text, flags=re.MULTILINE).split())
    for setting in ALL:
        value: Any = data
        for part in setting.path:
            value = value.get(part) if isinstance(value, dict) else None
        assert ("[]" if value == [] else value or "") == setting.default, setting.path
        assert f"{setting.field.description} {setting.path[-1]}:" in words


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: ".".join(setting.path))
def test_the_reference_has_a_row_for_every_setting(setting: Any) -> None:
    """Name, variable, default and meaning in it are those of the program."""
    default = f"`{setting.default}`" if setting.default else "none"
    name = f"| `{'.'.join(setting.path)}` | `{setting.variable}` | "
    [row] = [line for line in REFERENCE.splitlines() if line.startswith(name)]
    assert row.endswith(f" | {default} | {setting.field.description} |")


def test_the_reference_has_no_other_rows() -> None:
    """A setting that is gone is gone from the reference."""
    assert len(re.findall(r"^\| `", REFERENCE, flags=re.MULTILINE)) == len(ALL)


VALUES = st.recursive(
    st.one_of(
        st.text(max_size=6), st.integers(), st.floats(), st.booleans(), st.none(), st.sampled_from(["1s", "a:1"])
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([part for setting in ALL for part in setting.path]), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(data=VALUES, environ=st.dictionaries(st.sampled_from([one.variable for one in ALL]), st.text(), max_size=4))
def test_any_data_gives_settings_or_errors(
    tmp_path_factory: pytest.TempPathFactory, data: Any, environ: dict[str, str]
) -> None:
    """Whatever stands in the file and the environment, no other exception comes out."""
    folder = tmp_path_factory.getbasetemp()
    assert all(line.isprintable() for line in outcome(folder, yaml.safe_dump(data, allow_unicode=False), environ))


def outcome(folder: Path, text: str, environ: Mapping[str, str]) -> list[str]:
    """Return the errors, if there are any."""
    try:
        load(text, environ, folder=folder)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []
