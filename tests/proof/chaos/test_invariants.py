"""What judges the runs: it finds each thing that must not be, and nothing in a story where all is well."""

import json
from collections.abc import Callable

import pytest

from tests.proof.chaos.invariants import World, violations
from tests.proof.chaos.record import Life, Line, Record, Written, judged
from tests.proof.chaos.script import GUESTS
from tests.proof.processes import Json
from venom_modeld.config.loader import revision_of

AGENT = "venom-modeld/1"
URL = "http://127.0.0.1:1"


class Story:
    """A daemon that installed four models, of which the second file lets one go."""

    def __init__(self) -> None:
        self.record = Record()
        self.record.lives.append(Life(began=0.5))
        self._numbers = 0
        for guest in GUESTS:
            self.world(0.1, "write", model=guest, before=None, after="x", by=None)
        self.file(1.0, "a", "b", "c", "d")
        for at, model in enumerate("abcd", start=2):
            self.look(at - 0.1)
            self.done(float(at), "/api/pull", model)
        self.file(10.0, "a", "b", "c")
        self.look(12.0)
        self.say(12.05, "operation started", operation="remove", model="d", runtime="one")
        self.done(12.1, "/api/delete", "d")
        self.end = dict.fromkeys((*GUESTS, "a:latest", "b:latest", "c:latest"), "x")
        self.offered = {"library/a:latest": "x"}

    def file(self, at: float, *models: str | Json, valid: bool = True) -> None:
        """Write a file, and have the daemon take or refuse it."""
        spec = {"kind": "ollama", "url": URL, "prune": "managed", "models": models}
        content = json.dumps({"version": 1, "runtimes": {"one": spec}}).encode() if valid else b"version: 2"
        self.record.files.append(Written(at=at, content=content, desired=judged(content)))
        if valid:
            self.say(at + 0.1, "file accepted", revision=revision_of(content))
        else:
            self.say(at + 0.1, "file refused")

    def say(self, at: float, message: str, **fields: object) -> None:
        """Have the daemon log something."""
        self.record.lines.append(Line(at=at, life=0, content={"message": message, **fields}))

    def world(self, at: float, what: str, **fields: object) -> None:
        """Write a line of the stage's log."""
        self.record.world.append({"t": at, "what": what, "on": 0, "path": "", **fields})

    def look(self, at: float) -> None:
        """Have the daemon look at what is installed."""
        self.world(at, "look", path="/api/tags", sound=True)

    def done(self, at: float, path: str, model: str, *, told: bool = True, lasts: float = 0.02) -> None:
        """Have the daemon ask for something, and have that done."""
        self._numbers += 1
        full, number = model if ":" in model else f"{model}:latest", self._numbers
        self.world(at, "begin", path=path, n=number, sender=AGENT, body={"model": full})
        if path == "/api/delete":
            self.world(at + 0.01, "remove", model=full, before="x", listed=True, by=number)
        else:
            self.world(at + 0.01, "write", model=full, before=None, after="x", by=number)
        self.world(at + lasts, "end", path=path, n=number)
        if told:
            kind = "remove" if path == "/api/delete" else "install"
            self.record.history[f"{number}"] = ("one", kind, full)

    def judged(self) -> list[str]:
        """Return what was found wrong with it."""
        self.record.world.sort(key=lambda one: float(one["t"]))
        return violations(self.record, World(installed=(self.end,), loaded=(frozenset(),), offered=self.offered))


def another_daemon_died(story: Story) -> None:
    """End a daemon that nobody ended."""
    story.record.lives[0].ended, story.record.lives[0].code = 20.0, -11


def a_guest_goes(story: Story) -> None:
    """Remove what somebody else put there."""
    story.look(14.9)
    story.done(15.0, "/api/delete", GUESTS[0])


def a_wanted_one_goes(story: Story) -> None:
    """Remove what the file names."""
    story.look(14.9)
    story.done(15.0, "/api/delete", "a")


def too_many_go(story: Story) -> None:
    """Remove two of three where one may go."""
    story.file(20.0, "a")
    story.look(22.0)
    story.done(22.1, "/api/delete", "b")
    story.done(22.2, "/api/delete", "c")
    story.end = dict.fromkeys((*GUESTS, "a:latest"), "x")


def gone_without_a_look(story: Story) -> None:
    """Remove long after the last look."""
    story.file(50.0, "a", "b")
    story.done(52.0, "/api/delete", "c")
    del story.end["c:latest"]


def gone_while_unknown(story: Story) -> None:
    """Begin a removal on a runtime that does not answer."""
    story.say(20.0, "runtime does not answer", runtime="one")
    story.say(22.0, "operation started", operation="remove", model="x", runtime="one")


def gone_while_invalid(story: Story) -> None:
    """Begin a removal while the file cannot be read."""
    story.file(20.0, valid=False)
    story.say(22.0, "operation started", operation="remove", model="x", runtime="one")


def pulled_twice(story: Story) -> None:
    """Pull what is being pulled."""
    story.done(15.0, "/api/pull", "a", lasts=5.0)
    story.done(16.0, "/api/pull", "a")


def pulled_unasked(story: Story) -> None:
    """Pull what no file names."""
    story.done(15.0, "/api/pull", "e")
    story.end["e:latest"] = "x"


def untold(story: Story) -> None:
    """Have a model come that the history does not know of."""
    story.file(20.0, "a", "b", "c", "e")
    story.done(22.0, "/api/pull", "e", told=False)
    story.end["e:latest"] = "x"


def left_over(story: Story) -> None:
    """Leave what the file lets go."""
    story.file(20.0, "a", "b")


def missing(story: Story) -> None:
    """Do not put there what the file names."""
    story.file(20.0, "a", "b", "c", "e")


def outdated(story: Story) -> None:
    """Stay at a version where the file follows the tag."""
    story.file(20.0, {"name": "a", "update": "always"}, "b", "c")
    story.offered["library/a:latest"] = "y"


def a_guest_is_another(story: Story) -> None:
    """Have another version of what somebody else put there."""
    story.end[GUESTS[1]] = "y"


def bug(story: Story) -> None:
    """Meet a bug."""
    story.say(15.0, "cycle met a bug")


def test_a_good_story_has_nothing_wrong() -> None:
    """What is allowed is not complained of."""
    assert Story().judged() == []


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (another_daemon_died, "ended by itself with -11"),
        (a_guest_goes, "the daemon had not put it there"),
        (a_wanted_one_goes, "no file in force lets it go"),
        (too_many_go, "its limits let 1.5 of 3 go"),
        (gone_without_a_look, "without a sound look before"),
        (gone_while_unknown, "while one was Unknown"),
        (gone_while_invalid, "while the file was invalid"),
        (pulled_twice, "while it was under way"),
        (pulled_unasked, "which no file in force asks for"),
        (untold, "the history tells of 0"),
        (left_over, "is left over on one"),
        (missing, "is missing"),
        (outdated, "is not the newest version"),
        (a_guest_is_another, "is gone or another"),
        (bug, "the log tells of a bug"),
    ],
)
def test_each_harm_is_found(harm: Callable[[Story], None], told: str) -> None:
    """Each invariant bites."""
    story = Story()
    harm(story)
    assert any(told in one for one in story.judged())


def test_a_removal_that_a_person_approved_is_none_too_many() -> None:
    """Brakes are for what nobody approved."""
    story = Story()
    too_many_go(story)
    story.record.approved.append((21.0, "one", frozenset({"b:latest", "c:latest"})))
    assert story.judged() == []


def test_a_state_that_was_lost_gives_no_right_to_remove() -> None:
    """What the daemon cannot know that it put there is somebody else's."""
    story = Story()
    story.record.lost.append(15.0)
    story.file(20.0, "a", "b")
    story.look(22.0)
    story.done(22.1, "/api/delete", "c")
    assert any("the daemon had not put it there" in one for one in story.judged())
