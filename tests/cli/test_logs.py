"""The log on standard error."""

import json
import logging

import pytest

from venom_modeld.cli import logs


def failing() -> None:
    """Log an error with its trace."""
    try:
        int("no")
    except ValueError:
        logging.getLogger("venom_modeld.x").exception("broken")


def test_a_text_line_has_its_fields_behind_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    """A value with blanks or quotes is quoted."""
    logs.set_up("info", "text")
    logging.getLogger("venom_modeld.x").info(
        "operation ended", extra={"model": "a:1b", "detail": 'it "ended"', "n": ""}
    )
    line = capsys.readouterr().err
    assert line.partition("Z ")[2] == 'info operation ended model=a:1b detail="it \\"ended\\"" n=""\n'


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Its fields stand beside time, level, message and logger."""
    logs.set_up("info", "json")
    logging.getLogger("venom_modeld.x").warning("operation failed", extra={"model": "a:1b"})
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "warning", "message": "operation failed", "logger": "venom_modeld.x", "model": "a:1b"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_unexpected_error_keeps_its_trace(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of the program itself is logged with all that is needed to find it."""
    logs.set_up("info", form)
    failing()
    assert "ValueError: invalid literal" in capsys.readouterr().err


def test_libraries_are_heard_from_warnings_on_and_parts_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The level of the settings is that of this program."""
    logs.set_up("debug", "text")
    logs.leave_out("venom_modeld.engine")
    logging.getLogger("uvicorn").info("started")
    logging.getLogger("venom_modeld.x").debug("seen")
    logging.getLogger("venom_modeld.engine.journal").warning("operation failed")
    assert capsys.readouterr().err.split()[1:] == ["debug", "seen"]


def test_a_line_that_cannot_be_written_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Logging reports its own faults and goes on."""
    logs.set_up("info", "text")
    logging.getLogger("venom_modeld.x").info("%d", "no number")
    assert "Logging error" in capsys.readouterr().err
