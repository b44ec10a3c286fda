"""The daemon's settings as types, in the order of the file: what each is called, takes and means, and its default.

The descriptions are the source of the comments in `config/modeld.yaml` and of the reference.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from venom_modeld.config.addresses import check_url, is_host_and_port
from venom_modeld.config.places import check_path, check_ref, check_repository
from venom_modeld.core.durations import in_units, parse_duration
from venom_modeld.core.names import shown
from venom_modeld.core.wording import describe


@dataclass(frozen=True, slots=True)
class Listen:
    """An address to listen on; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `HOST:PORT`, as `parse_listen` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Tell whether only this host can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_listen(value: object) -> Listen:
    """Return a text `HOST:PORT` as an address; raise ValueError with what to write instead."""
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not colon or not port.isascii() or not port.isdecimal() or int(port) > 65535 or not is_host_and_port(host):
        raise ValueError(f"{describe(value)} is no address to listen on; write HOST:PORT, such as 127.0.0.1:8765")
    return Listen(host.strip("[]").lower(), int(port))


def _check_host(text: str) -> str:
    if not is_host_and_port(text):
        raise ValueError(f"{shown(text)} is no host; write HOST or HOST:PORT, without a scheme and a path")
    return text.lower()


def _anchored(value: object, info: ValidationInfo) -> Path:
    """Return a path; in a file a relative one starts at the folder of that file, which is the context."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"{describe(value)} is no path; write the path of a file or folder")
    return Path(info.context or "") / value


Duration = Annotated[float, BeforeValidator(parse_duration)]
FilePath = Annotated[Path, BeforeValidator(_anchored)]
Url = Annotated[str, AfterValidator(check_url)]
Host = Annotated[str, AfterValidator(_check_host)]
GitUrl = Annotated[str, AfterValidator(check_repository)]
GitRef = Annotated[str, AfterValidator(check_ref)]
GitPath = Annotated[str, AfterValidator(check_path)]


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Retry(Group):
    """How failed operations and unreachable runtimes are tried again: each wait is twice the one before."""

    first: Duration = Field(default=5.0, description="The wait before the first new try of what failed.")
    max: Duration = Field(default=900.0, description="The longest wait between two tries.")


class Timeouts(Group):
    """How long an answer may take."""

    connect: Duration = Field(default=5.0, description="The longest wait for a connection.")
    read: Duration = Field(default=30.0, description="The longest wait for an answer that needs no model.")
    load: Duration = Field(default=600.0, description="The longest wait for a model to load and to generate a token.")


class Api(Group):
    """Who may call the HTTP API, and what for."""

    listen: Annotated[Listen, BeforeValidator(parse_listen)] = Field(
        default=Listen("127.0.0.1", 8765), description="The address of the HTTP API. Port 0 takes a free one."
    )
    token_file: FilePath | None = Field(
        default=None,
        description="A file whose content every caller must send as a bearer token. Needed for any address that is not"
        " a loopback one.",
    )
    allowed_origins: list[Url] = Field(
        default=[], description="Origins, beside the daemon's own, whose pages may make writing calls."
    )
    allowed_hosts: list[Host] = Field(
        default=[], description="Names, beside the address itself, under which callers may reach the API."
    )
    edits: bool = Field(
        default=True, description="Whether calls may edit models.yaml. Off where git or a ConfigMap owns the file."
    )
    operations: bool = Field(
        default=True, description="Whether calls may approve a plan, and cancel or retry an operation."
    )


class Log(Group):
    """What is logged, to standard error or to the journal."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important messages that are logged: debug, info, warning or error."
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="`text` for lines that people read, `json` for one JSON object a line, `auto` for entries of"
        " systemd's journal where standard error leads there, and text elsewhere.",
    )


class History(Group):
    """How much is remembered of what was done."""

    days: Annotated[int, Field(ge=1)] = Field(
        default=90, description="How many days an ended operation is remembered; the newest 200 are in any case."
    )
    keep: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="How many ended operations are remembered at the most."
    )


def _word_off(value: object) -> object:
    """Return the word `off` where YAML made it a truth value, as it does with one that stands without quotes."""
    return "off" if value is False else value


def _within_an_hour(seconds: float) -> float:
    if not SOONEST_REFRESH <= seconds <= LATEST_REFRESH:
        most = "seldom" if seconds > LATEST_REFRESH else "often"
        raise ValueError(f"{in_units(seconds)} is too {most} for lists on other people's servers; write 15m to 60m")
    return seconds


SOONEST_REFRESH, LATEST_REFRESH = 900.0, 3600.0


class OllamaCatalogue(Group):
    """Where the models of Ollama's library are listed from."""

    source: Annotated[Literal["website", "recommendations", "off"], BeforeValidator(_word_off)] = Field(
        default="website",
        description="`website` reads the pages of the site below, `recommendations` asks an Ollama of models.yaml for"
        " the few that it recommends, `off` neither.",
    )
    url: Url = Field(default="https://ollama.com", description="The site whose pages list the models.")


class Trending(Group):
    """The catalogues of the providers. Of Hugging Face's, the Hub's own variables say where it is."""

    refresh: Annotated[Duration, AfterValidator(_within_an_hour)] = Field(
        default=1800.0, description="How often the lists are read anew."
    )
    ollama: OllamaCatalogue = OllamaCatalogue()


class Git(Group):
    """A git repository that models.yaml comes from, in place of `file`. Nothing here edits the file then."""

    url: GitUrl | None = Field(
        default=None, description="The repository, as git takes it: https://, ssh://, git://, file:// or HOST:PATH."
    )
    ref: GitRef = Field(
        default="HEAD", description="A branch, a tag or a commit. HEAD is the repository's default branch."
    )
    path: GitPath = Field(
        default="models.yaml",
        description="The file in the repository. `{host}` in it stands for the name of this host.",
    )
    interval: Duration = Field(default=60.0, description="How often the repository is fetched when nobody calls.")
    require_signed: bool = Field(
        default=False, description="Whether the newest commit, or the tag, has to have a signature that git trusts."
    )
    webhook_secret_file: FilePath | None = Field(
        default=None,
        description="A file with the secret that a forge's webhook proves itself with, in place of the API's token.",
    )


class Source(Group):
    """Where models.yaml comes from."""

    git: Git = Git()


class Notifications(Group):
    """Who is told when something needs a person, and when it is over. Needs the extra `notify` of the package."""

    urls_file: FilePath | None = Field(
        default=None, description="A file with the addresses that notices go to, each an Apprise URL on its own line."
    )


class Settings(Group):
    """All settings; durations are in seconds."""

    file: FilePath = Field(
        default=Path("/etc/venom-modeld/models.yaml"), description="The desired-state file, models.yaml."
    )
    state_dir: FilePath = Field(
        default=Path("/var/lib/venom-modeld"),
        description="The folder of the inventory and the history. One daemon has one to itself.",
    )
    interval: Duration = Field(
        default=30.0, description="How often each runtime is observed when nothing else happens."
    )
    update_check: Duration = Field(
        default=3600.0, description="How often the tags of models with `update: always` are looked up."
    )
    poll: Duration = Field(
        default=10.0, description="How often the file is looked at where its file system reports no changes."
    )
    stall_timeout: Duration = Field(
        default=120.0, description="How long a download may move no byte before it is cut and resumed."
    )
    registry_url: Url = Field(
        default="https://registry.ollama.ai", description="Where the manifests of Ollama's library are looked up."
    )
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    api: Api = Api()
    log: Log = Log()
    history: History = History()
    trending: Trending = Trending()
    source: Source = Source()
    notifications: Notifications = Notifications()
