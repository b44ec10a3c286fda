"""What happens in one run, all of it decided by the seed before anything begins.

A run is a handful of scenes. In each the file is edited, or spoilt, one or two faults come, last for a moment and go,
most of them while the work that the edit asks for is under way. Nothing here depends on how quickly anything happens.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

OURS = ("qwen3:0.6b", "llama3.2:1b", "gemma3:270m", "smollm2:135m", "all-minilm:latest", "nomic-embed-text:latest")
CHATS = OURS[:4]
DERIVED = "coder:latest"
GUESTS = ("theirs/first:latest", "theirs/second:latest", "theirs/third:latest")
"""What somebody else put on every runtime; it may be declared for a while, and must never be lost."""

ALIAS = "default"
RUNTIMES = ("one", "two")
SCENES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One fault or one act of a person; what it needs to know is in `with_`."""

    kind: str
    runtime: int = 0
    with_: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A file to write first, where there is one, deeds that come one after another, and how many seconds they last."""

    text: str | None
    pause: float
    deeds: tuple[Deed, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole run."""

    seed: int
    first: str
    scenes: tuple[Scene, ...]
    last: str


def script(seed: int, *, scenes: int = SCENES) -> Script:
    """Write the script of a seed. Addresses stand in it as `@0` and `@1`."""
    dice = random.Random(seed)  # noqa: S311 - it is to be repeatable
    runtimes = RUNTIMES[: dice.choice((1, 1, 2))]
    return Script(
        seed=seed,
        first=_text(dice, runtimes),
        scenes=tuple(_scene(dice, runtimes) for _ in range(scenes)),
        last=_text(dice, runtimes, suspend=0.0),
    )


def _scene(dice: random.Random, runtimes: tuple[str, ...]) -> Scene:
    kinds = dice.sample(sorted(DEEDS), dice.choice((1, 1, 2)))
    return Scene(
        text=_text(dice, runtimes) if dice.random() < 0.75 else None,
        pause=dice.choice((0.0, dice.uniform(0.0, 0.6))),
        deeds=tuple(Deed(kind=one, runtime=dice.randrange(len(runtimes)), with_=DEEDS[one](dice)) for one in kinds),
        seconds=dice.uniform(0.1, 1.5),
    )


def _text(dice: random.Random, runtimes: tuple[str, ...], *, suspend: float = 0.1) -> str:
    """Write a file that is valid; a runtime of it is suspended with some probability."""
    document = {"version": 1, "runtimes": {name: _runtime(dice, at, suspend) for at, name in enumerate(runtimes)}}
    if dice.random() < 0.5:
        return json.dumps(document, indent=1)
    return "\n".join(_lines(document))


def _runtime(dice: random.Random, number: int, suspend: float) -> Json:
    chosen = dice.sample(OURS, dice.choice((0, 1, 2, 3, 4, 4, 5, 6)))
    models: list[Json] = [{"name": one, "update": "always"} if dice.random() < 0.3 else {"name": one} for one in chosen]
    chats = [one for one in chosen if one in CHATS]
    if chats and dice.random() < 0.3:
        models.append({"name": DERIVED, "from": chats[0], "parameters": {"num_ctx": dice.choice((1024, 2048))}})
    if dice.random() < 0.3:
        models.append({"name": dice.choice(GUESTS)})
    for one in models:
        if dice.random() < 0.1:
            one["keep"] = True
    spec: Json = {
        "kind": "ollama",
        "url": f"@{number}",
        "prune": dice.choice(("managed", "managed", "managed", "never")),
    }
    if chats and dice.random() < 0.7:
        spec["active"] = chats[-1]
        if dice.random() < 0.6:
            spec["alias"] = ALIAS
    if dice.random() < suspend:
        spec["suspend"] = True
    if dice.random() < 0.4:
        spec["limits"] = {"downloads": dice.randint(2, 3)}
    return spec | {"models": models}


def _lines(document: Json) -> Iterator[str]:
    """Write a document as people do, so that a file cut at the end of a line may be valid and mean something else."""
    yield "version: 1"
    yield "runtimes:" if document["runtimes"] else "runtimes: {}"
    for name, spec in document["runtimes"].items():
        yield f"  {name}:"
        for key, value in spec.items():
            if key == "models" and value:
                yield "    models:"
                yield from (f"      - {json.dumps(model)}" for model in value)
            else:
                yield f"    {key}: {json.dumps(value)}"
    yield ""


Maker = Callable[[random.Random], Json]


def _nothing(_dice: random.Random) -> Json:
    return {}


def _dial(*positions: Callable[[random.Random], Json]) -> Maker:
    def make(dice: random.Random) -> Json:
        return dice.choice(positions)(dice)

    return make


def _size(dice: random.Random) -> int:
    return dice.randint(1_000_000, 200_000_000)


def _kill_at(dice: random.Random) -> Json:
    at = dice.choice(("begin", "end", "write", "remove"))
    paths = {"write": ("",), "remove": ("",)}.get(at, ("", "/api/pull", "/api/delete", "/api/copy", "/api/generate"))
    return {"at": at, "path": dice.choice(paths), "skip": dice.choice((0, 0, 0, 1, 2))}


_SPOILT = ("garbage", "wrong", "null", "truncated", "cut")
_HANGING = (["*"], ["/api/tags"], ["/api/ps"], ["/api/pull"], ["/api/generate"], ["/api/delete"], ["/v2/*"])

DEEDS: dict[str, Maker] = {
    "kill the daemon": lambda dice: {"after": dice.uniform(0, 0.8)},
    "kill the daemon at a boundary": _kill_at,
    "kill the daemon at a line of its log": lambda dice: {
        "line": dice.choice(("operation started", "operation completed", "operation failed", "file accepted"))
    },
    "end the daemon in order": _nothing,
    "stop the daemon for a while": _nothing,
    "crash a runtime": lambda dice: {"restart_after": dice.uniform(0.05, 1.0)},
    "restart a runtime": _nothing,
    "crash a runtime in a download": lambda dice: {"crash_at": _size(dice), "restart_after": dice.uniform(0.05, 1)},
    "kill a runner": lambda dice: {"name": dice.choice(CHATS)},
    "cut a stream": _dial(
        lambda dice: {"cut_at": _size(dice)},
        lambda dice: {"cut_at": _size(dice), "cut_clean": True},
        lambda dice: {"registry_cut_at": _size(dice)},
    ),
    "slow everything": _dial(
        lambda dice: {"rate": dice.uniform(20e6, 200e6)},
        lambda dice: {"latency": dice.uniform(0.05, 0.6)},
        lambda dice: {"registry_latency": dice.uniform(0.05, 0.6)},
        lambda dice: {"load_delay": dice.uniform(0.1, 1.5)},
    ),
    "stall a download": _dial(
        lambda dice: {"stall_at": _size(dice)},
        lambda dice: {"stall_part_at": _size(dice), "stall_times": dice.randint(1, 3)},
    ),
    "answer never": lambda dice: {"hang": dice.choice(_HANGING)},
    "answer nonsense": lambda dice: {"answers": {dice.choice(("/api/tags", "/api/ps")): dice.choice(_SPOILT)}},
    "answer with an error": lambda dice: {
        "failures": [{"path": dice.choice(("/api/*", "/v2/*")), "status": dice.choice((500, 503, 404)), "times": 3}]
    },
    "corrupt a download": _dial(
        lambda dice: {"corrupt_blobs": dice.randint(1, 2)}, lambda dice: {"lie_pulls": dice.randint(1, 2)}
    ),
    "lose the registry": _dial(
        lambda dice: {"manifest": dice.choice((500, 404, 429, "garbage", "hang"))},
        lambda dice: {"blob": dice.choice((500, 404, "garbage", "hang"))},
        lambda dice: {"registry_network": dice.choice(("unknown_host", "refused", "black_hole"))},
    ),
    "fail a load": _dial(
        lambda dice: {"load_errors": {dice.choice((*CHATS, "*")): "llama runner process has terminated"}},
        lambda dice: {"load_silent": [dice.choice((*CHATS, "*"))]},
    ),
    "fill the disk of the models": lambda dice: {"room": dice.randint(0, 300_000_000)},
    "fill the disk of the state": _nothing,
    "truncate the file": lambda dice: {"share": dice.random()},
    "corrupt the file": lambda dice: {"share": dice.random(), "bytes": dice.randbytes(dice.randint(1, 8)).hex()},
    "swap the file": lambda dice: {"times": dice.randint(2, 5), "other": _text(dice, RUNTIMES[:1])},
    "write the file in pieces": lambda dice: {"text": _text(dice, RUNTIMES[:1]), "share": dice.random()},
    "delete the file": _nothing,
    "put a folder in place of the file": _nothing,
    "corrupt the state": lambda dice: {
        "how": dice.choice(("flip", "flip", "truncate", "garbage", "lose the log", "lose all")),
        "share": dice.random(),
        "live": dice.random() < 0.3,
        "seed": dice.randrange(2**32),
    },
    "jump the clock": lambda dice: {
        "seconds": dice.choice((-1, 1)) * dice.choice((30, 3600, 86_400, 400 * 86_400)) * dice.uniform(0.5, 1.5)
    },
    "exhaust the descriptors": lambda dice: {"left": dice.randint(0, 3)},
    "move a tag": lambda dice: {"name": dice.choice(OURS), "same_weights": dice.random() < 0.3},
    "delete a model of ours": lambda dice: {"name": dice.choice(OURS)},
    "unload a model of ours": lambda dice: {"name": dice.choice(CHATS)},
    "load a guest": lambda dice: {"name": dice.choice(GUESTS)},
    "approve": _nothing,
    "cancel": _nothing,
}
"""Every kind of deed, and what it is done with."""
