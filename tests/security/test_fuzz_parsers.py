"""Readers of what strangers write: whatever comes in, the result is a value or the one error that each is known for."""

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from tests.config.test_yaml_properties import YAML_LIKE
from tests.security.conftest import CASES
from tests.security.test_names import HOSTILE
from tests.trending.pages import DESIGNS, listing
from venom_modeld.api.values import gigabytes
from venom_modeld.cli.terminal import inert
from venom_modeld.config.desired_file import parse_models
from venom_modeld.config.problems import SourceError
from venom_modeld.core.errors import ModeldError, RuntimeUnreachable
from venom_modeld.core.names import InvalidName, ModelName, parse_huggingface, parse_ollama
from venom_modeld.core.reasons import Reason
from venom_modeld.core.sizes import LARGEST, human
from venom_modeld.core.wording import one_line
from venom_modeld.runtimes.ollama import kind as ollama
from venom_modeld.runtimes.ollama.answers import Catalogue, Nonsense, read_running, read_shown
from venom_modeld.runtimes.ollama.pull import Tally
from venom_modeld.runtimes.registry import kinds
from venom_modeld.runtimes.transport import NotJson, Stream, Trouble, parse_object
from venom_modeld.runtimes.vllm import kind as vllm
from venom_modeld.runtimes.vllm.server.reason import reason_of
from venom_modeld.runtimes.vllm.weights.files import BadListing, is_safe, read_siblings
from venom_modeld.trending import ollama_pages, ollama_tags, page_text
from venom_modeld.trending.errors import ParseFailed
from venom_modeld.trending.huggingface import read_files, read_repository
from venom_modeld.trending.limits import read_rate_limit, read_retry_after
from venom_modeld.trending.manifests import read_manifest
from venom_modeld.trending.recommendations import _read

FUZZED = settings(
    max_examples=CASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
WORDS = st.sampled_from(
    ["models", "name", "digest", "size", "a" * 64, "sha256:" + "b" * 64, "expires_at", "2026-01-01T00:00:00Z", "id",
     "data", "layers", "config", "mediaType", "rfilename", "blobId", "lfs", "sha256", "model.gguf", "../x", "status",
     "total", "completed", "error", "success", "pulling x"]
)  # fmt: skip
NUMBERS = st.integers() | st.floats() | st.sampled_from([LARGEST, LARGEST + 1, 2**63, 10**400, -1, 0])
ALL_TEXT = st.text(st.characters(), max_size=40)
"""Halves of characters are among it."""
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS | ALL_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | ALL_TEXT, inner, max_size=5),
    max_leaves=20,
)
OBJECTS = st.dictionaries(WORDS | ALL_TEXT, DATA, max_size=6)


def mutated(content: bytes, seed: int) -> bytes:
    """Return a content with some bytes changed, doubled, taken out or moved."""
    dice = random.Random(seed)  # noqa: S311 - it keeps no secret
    parts = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        place, length = dice.randrange(len(parts) + 1), dice.randint(0, 30)
        piece = bytes(parts[place : place + length])
        parts[place : place + length] = dice.choice(
            [b"", piece * 2, piece[::-1], bytes([dice.randrange(256)]), b"\n", b"- ", b": ", b"&a ", b"*a", b'"', b"{"]
        )
    return bytes(parts)


def outcome(read: Callable[..., Any], *arguments: Any, known: type[Exception]) -> Any:
    """Return what a reader makes of something, or None for the error that it is known for."""
    with suppress(known):
        return read(*arguments)
    return None


def problems_of(content: bytes) -> list[str]:
    """Return what is wrong with a file; nothing where it is good."""
    try:
        parse_models(content, path="m.yaml", kinds=kinds())
    except SourceError as error:
        return [str(problem) for problem in error.problems] or ["no problem is named"]
    return []


@FUZZED
@given(st.sampled_from(EXAMPLES), st.integers(0, 2**32))
def test_no_changed_file_breaks_the_loader(example: Path, seed: int) -> None:
    """A good file with a few bytes changed is good, or has problems with their lines."""
    for problem in problems_of(mutated(example.read_bytes(), seed)):
        assert problem.startswith("m.yaml")
        assert "\n" not in problem


@FUZZED
@given(YAML_LIKE | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_no_text_breaks_the_loader(text: str) -> None:
    """Nor does any other text, read as a file or as the models of one."""
    indented = text.replace("\n", "\n      ")
    whole = f"version: 1\nruntimes:\n  gpu:\n    kind: ollama\n    prune: never\n    models:\n      {indented}\n"
    for content in (text, whole):
        problems_of(content.encode())


@FUZZED
@given(DATA)
def test_no_data_breaks_the_schema(data: Any) -> None:
    """Data of any shape in the place of models is judged, not stumbled over."""
    runtime = {"kind": "ollama", "prune": "never", "models": data, "insecure": data, "active": data}
    try:
        written = yaml.safe_dump({"version": 1, "runtimes": {"gpu": runtime}}, allow_unicode=True).encode()
    except (UnicodeEncodeError, ValueError):
        return
    assert "no problem is named" not in problems_of(written)


@FUZZED
@given(st.one_of(ALL_TEXT, st.sampled_from([*HOSTILE.values()]), st.from_regex(r"[\w./:@-]{1,120}", fullmatch=True)))
def test_no_name_breaks_a_reader(text: str) -> None:
    """What is taken has a small alphabet, can stand on a command line, and reads as itself."""
    for read in (parse_ollama, parse_huggingface, ollama.parse_name, vllm.parse_name, vllm.parse_alias):
        name = outcome(read, text, known=InvalidName)
        if isinstance(name, ModelName):
            assert name.text.isascii()
            assert name.text.isprintable()
            assert not set(name.text) & set(" \\\"'`$;&|<>(){}[]*?!#%~^=,")
            assert not name.text.startswith(("-", "/", "."))
            assert ".." not in name.text.split("/")
            assert read(name.text) == name


@FUZZED
@given(st.one_of(st.binary(max_size=300), OBJECTS.map(lambda value: json.dumps(value).encode())))
def test_no_json_breaks_what_comes_after(data: bytes) -> None:
    """What is read can be written again, counted, divided and shown; everything else is refused in words."""
    value = outcome(parse_object, data, known=NotJson)
    if value is not None:
        assert to_json(value)
        for number in value.values():
            if isinstance(number, int):
                assert gigabytes(number) is not None
                assert human(number)


@FUZZED
@given(OBJECTS, OBJECTS)
def test_no_answer_of_an_ollama_breaks_its_readers(answer: dict[str, Any], entry: dict[str, Any]) -> None:
    """Whatever fields there are, in whatever types."""
    good = {"name": "a", "digest": "a" * 64, "expires_at": "2026-01-01T00:00:00Z"}
    for value in (answer, {"models": [{**good, **entry}]}):
        known = outcome(parse_object, json.dumps(value).encode(), known=NotJson) or {}
        for read in (Catalogue().read, read_running, read_shown):
            found = outcome(read, known, known=Nonsense)
            if isinstance(found, dict):
                assert all(name.text.isprintable() for name in found)


class Pieces:
    """An answer that comes in pieces, for the reader of lines."""

    status_code = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it
    request = None

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def aiter_raw(self) -> Any:
        """Give the pieces."""
        for piece in self._pieces:
            yield piece


def lost(trouble: Trouble, words: str) -> ModeldError:
    """Return the error for a trouble."""
    return RuntimeUnreachable(f"{trouble}: {words}", reason=Reason.CUT)


async def lines_of(pieces: list[bytes]) -> list[Any]:
    """Return the lines of an answer, and what ended it."""
    found: list[Any] = []
    lines = Stream(Pieces(pieces), lost).lines()  # type: ignore[arg-type]
    while True:
        try:
            found.append(await anext(lines))
        except StopAsyncIteration:
            return found
        except ModeldError as error:
            return [*found, error.message]


@FUZZED
@given(st.lists(st.one_of(OBJECTS.map(json.dumps), st.text(max_size=20)), max_size=6), st.data())
def test_no_stream_breaks_the_reader_of_lines(lines: list[str], data: st.DataObject) -> None:
    """However it is cut into pieces, the same lines come out, and each makes progress of some kind."""
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    pieces = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    whole = asyncio.run(lines_of([content]))
    assert asyncio.run(lines_of(pieces)) == whole
    tally = Tally(phase=None)  # type: ignore[arg-type]
    for line in whole:
        if isinstance(line, dict):
            assert tally.take(line).completed_bytes >= 0


@FUZZED
@given(st.sampled_from([*DESIGNS]), st.integers(0, 2**32))
def test_no_changed_page_breaks_its_readers(design: str, seed: int) -> None:
    """A page of the site with a few bytes changed is read, or refused in words."""
    page = mutated(listing(design).encode(), seed).decode("utf-8", "replace")
    for read in (ollama_pages.read_list, ollama_tags.read_model):
        found = outcome(lambda text, read=read: read(text, url="https://site.test/x"), page, known=ParseFailed)
        assert found is None or to_json(found)


@FUZZED
@given(st.text(alphabet="<>/=\"'& lihrefaLIBRARYptagsdivspan:#;x\n\x00·ż8bMKG.0123456789", max_size=400))
def test_no_markup_breaks_the_readers_of_pages(junk: str) -> None:
    """Nor does any other text with angles."""
    for read in (ollama_pages.read_list, ollama_tags.read_model):
        outcome(lambda text, read=read: read(text, url="https://site.test/x"), junk, known=ParseFailed)
    for of in (page_text.count, page_text.moment, page_text.size_in_bytes, page_text.downloads):
        assert of(junk) is None or abs(of(junk) or 0) <= 10**15 * 10


@FUZZED
@given(OBJECTS, NUMBERS, ALL_TEXT)
def test_no_answer_of_a_catalogue_breaks_its_readers(answer: dict[str, Any], number: float, text: str) -> None:
    """Manifests, repositories, lists of files, limits: what is read can be written again and shown."""
    body = json.dumps({"config": {"size": 1, "mediaType": "x", "digest": "y"}, "layers": [answer], **answer}).encode()
    manifest = outcome(lambda data: read_manifest(data, url="https://r.test"), body, known=ParseFailed)
    assert manifest is None or human(manifest.size_bytes)
    data = {
        "id": text,
        "downloads": number,
        "likes": number,
        "gated": False,
        "updated_at": None,
        "task": text,
        "tags": [text, number, answer],
        "parameters": {text: number, "F16": number},
        "gguf_parameters": number,
        "files": [text, number],
    }
    repository = outcome(read_repository, data, known=ParseFailed)
    assert repository is None or to_json([repository.downloads, repository.tags, repository.size_bytes])
    assert to_json(list(read_files(answer).values()))
    recommended = json.dumps({"recommendations": [{"model": "a", **answer}, answer]}).encode()
    assert to_json(outcome(lambda data: [*_read(data, url="https://r.test")], recommended, known=ParseFailed))
    for headers in ({"retry-after": text, "ratelimit": text}, {"retry-after": str(number), "ratelimit": str(answer)}):
        read_retry_after(headers, now=0.0)
        read_rate_limit(headers)


@FUZZED
@given(DATA)
def test_no_list_of_files_leads_out_of_its_folder(data: Any) -> None:
    """Names of files become paths on this disk."""
    entry = {"rfilename": "model.safetensors", "size": 1, "blobId": "a" * 40}
    for siblings in (data, [data], [{**entry, "rfilename": data}], [{**entry, "size": data}], [{**entry, "lfs": data}]):
        for file in outcome(read_siblings, siblings, known=BadListing) or ():
            assert is_safe(file.path)
            assert (ROOT / file.path).resolve().is_relative_to(ROOT) or (ROOT / file.path).is_symlink()


@FUZZED
@given(ALL_TEXT)
def test_no_words_of_others_are_obeyed(text: str) -> None:
    """Not by a terminal, not by a reader of logs, and not by who reads one line as two."""
    assert one_line(text).isprintable()
    shown = inert(text)
    shown.encode()
    assert not set(shown) - set("\x1b\t\r\n") & {chr(code) for code in (*range(32), *range(127, 160))}
    reason = reason_of(f"Traceback (most recent call last):\nValueError: {text}")
    assert reason is None or reason.isprintable()


@pytest.mark.parametrize(
    "text", ["\x1b]0;t\x07", "\x1b[2J", "\x1b[1;1H", "\x1bc", "\x9b31m", "a\rb", "\u202e", "\ud800"]
)
def test_a_terminal_only_shows(text: str) -> None:
    """Titles, clearing, moving, resetting and turning stay letters."""
    assert inert(f"{text}x").isprintable()
    assert inert("\x1b[31mred\x1b[0m\ttab\nline\r\n") == "\x1b[31mred\x1b[0m\ttab\nline\r\n"
