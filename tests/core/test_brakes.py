"""The brakes: each of the four alone is enough, also on short lists."""

import pytest

from tests.core.values import inventory, observed, remove, runtime
from venom_modeld.core.brakes import judge, removal_of
from venom_modeld.core.desired import GB, Limits, Prune, RuntimeSpec
from venom_modeld.core.inventory import Role
from venom_modeld.core.names import ModelName

LOOSE = Limits(removals=100, removal_share=1.0, removal_bytes=1000 * GB)
SIX = ("a", "b", "c", "d", "e", "f")


def reasons(spec: RuntimeSpec, gone: str, *, coming: frozenset[ModelName] = frozenset()) -> tuple[str, ...]:
    """Return why removing these of six managed models is unsafe; empty where it is not."""
    unsafe = judge(spec, observed(*SIX), inventory(*SIX), [remove(one) for one in gone], coming=coming, approved=())
    return unsafe.reasons if unsafe else ()


@pytest.mark.parametrize(
    ("spec", "gone", "expected"),
    [
        (runtime("a", limits=LOOSE), "bcdef", ()),
        (runtime(limits=LOOSE), "abcdef", ("it would leave nothing that the file wants",)),
        (runtime("x", limits=LOOSE), "abcdef", ("it would leave nothing that the file wants",)),
        (runtime("a", "b", "c", limits=Limits(removals=2)), "def", ("it removes 3 models, the limit is 2",)),
        (runtime("a", "b", "c"), "def", ()),
        (runtime("a", "b", limits=Limits(removals=9)), "cdef", ("it removes 4 of 6 models, the limit is 50%",)),
        (
            runtime("a", "b", limits=Limits(removals=9, removal_share=1.0, removal_bytes=3 * GB)),
            "cdef",
            ("it removes 4.0 GB, the limit is 3.0 GB",),
        ),
        (
            runtime("a"),
            "bcdef",
            ("it removes 5 models, the limit is 3", "it removes 5 of 6 models, the limit is 50%"),
        ),
        (runtime("a", limits=Limits(removals=0)), "b", ("it removes 1 model, the limit is 0",)),
        (runtime("a"), "", ()),
    ],
)
def test_each_limit_is_a_brake(spec: RuntimeSpec, gone: str, expected: tuple[str, ...]) -> None:
    """A count, a share, a number of bytes, or nothing left: each holds the removals and says so."""
    assert reasons(spec, gone) == expected


def test_what_will_be_tried_counts_as_left() -> None:
    """Replacing every model by another one is safe while the other one is on its way."""
    spec = runtime("x", limits=LOOSE)
    assert reasons(spec, "abcdef", coming=frozenset({spec.models[0].name})) == ()


@pytest.mark.parametrize(("prune", "share"), [(Prune.MANAGED, "1 of 2"), (Prune.ALL, "1 of 6")])
def test_the_share_is_of_what_the_file_decides_about(prune: Prune, share: str) -> None:
    """Unmanaged models do not dilute the share, unless the file governs them too."""
    spec = runtime("a", prune=prune, limits=Limits(removal_share=0.0))
    unsafe = judge(spec, observed(*SIX), inventory("b"), [remove("b")], coming=(), approved=())
    assert unsafe is not None
    assert unsafe.reasons == (f"it removes {share} models, the limit is 0%",)


def test_names_of_the_daemon_itself_do_not_count() -> None:
    """Taking away an alias or a held version removes no model."""
    own = [remove("old", role=Role.ALIAS), remove("held/a", role=Role.HOLD)]
    assert judge(runtime(), observed("a"), inventory("a"), own, coming=(), approved=()) is None


def test_an_approval_is_for_a_version() -> None:
    """What was approved is let go; the same name with another version on disk is not."""
    gone = [remove(one) for one in "bcdef"]
    approved = {removal_of(one) for one in gone}
    spec = runtime("a")
    assert judge(spec, observed(*SIX), inventory(*SIX), gone, coming=(), approved=approved) is None
    other = [*gone[:4], remove("f", digest="sha256:other")]
    unsafe = judge(
        runtime("a", limits=Limits(removals=0)), observed(*SIX), inventory(*SIX), other, coming=(), approved=approved
    )
    assert unsafe is not None
    assert unsafe.models == ("f:latest",)


def test_unsafe_says_what_goes_whatever_the_order() -> None:
    """The digest is of the set of removals; the models are sorted and their bytes summed."""
    gone = [remove("c", size_gb=2), remove("b", size_gb=None)]
    spec = runtime()
    found = judge(spec, observed(*SIX), inventory(*SIX), gone, coming=(), approved=())
    again = judge(spec, observed(*SIX), inventory(*SIX), gone[::-1], coming=(), approved=())
    assert found is not None
    assert found == again
    assert found.models == ("b:latest", "c:latest")
    assert found.freed_bytes == 2 * GB
    assert found.removals == tuple(sorted(map(removal_of, gone)))
