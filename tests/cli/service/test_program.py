"""Whether a service that is shut in may run the program where it is."""

from pathlib import Path

from venom_modeld.cli.service.program import hindrance, parts_of_program, program


def test_the_program_is_a_command_a_python_and_a_package() -> None:
    """Each may lie elsewhere: the command in a virtual environment, its Python in a home, the package in a checkout."""
    assert program().name == "venom-modeld"
    assert [path.name for path in parts_of_program()][::2] == ["venom-modeld", "__init__.py"]


def test_what_everybody_may_read_is_no_hindrance() -> None:
    """System programs are such."""
    assert hindrance([Path("/usr/bin/env"), Path("/etc/passwd")]) is None


def test_what_is_hidden_from_the_service_is_named(tmp_path: Path) -> None:
    """A link counts as what it leads to."""
    program, link = tmp_path / "program", tmp_path / "link"
    program.write_text("")
    link.symlink_to(program)
    real = program.resolve()
    assert hindrance([link], [str(real.parent)]) == f"{real} lies in {real.parent}, which is hidden from the service"


def test_what_does_not_exist_is_named() -> None:
    """The command may be missing where the package is run from a checkout."""
    assert hindrance([Path("/opt/nothing/venom-modeld")]) == "/opt/nothing/venom-modeld does not exist"


def test_what_is_closed_to_others_is_named(tmp_path: Path) -> None:
    """Files as much as the folders above them."""
    assert hindrance([Path("/etc/shadow")]) == "/etc/shadow is closed to all but its owner"
    closed = tmp_path.resolve() / "closed"
    closed.mkdir(mode=0o700)
    (closed / "program").write_text("")
    found = hindrance([closed / "program"], hidden_folders=())
    assert found is not None
    assert found.endswith(" is closed to all but its owner")
    assert closed.is_relative_to(found.split()[0])
