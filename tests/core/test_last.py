"""What is asked again, and what is not."""

from venom_modeld.core.last import Last


def test_a_question_is_answered_once_until_it_is_another_one() -> None:
    """Equal arguments give the kept answer; the one before the last is not kept."""
    asked: list[tuple[int, ...]] = []

    def total(*numbers: int, plus: int = 0) -> int:
        asked.append(numbers)
        return sum(numbers) + plus

    last = Last(total)
    assert [last(1, 2), last(1, 2), last(1, 2, plus=1), last(3), last(1, 2)] == [3, 3, 4, 3, 3]
    assert asked == [(1, 2), (1, 2), (3,), (1, 2)]
