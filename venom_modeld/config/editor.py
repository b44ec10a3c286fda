"""Edits models.yaml in a person's place: install, remove, activate, set, each on the text alone.

An edit is made of cuts and insertions at the places where the parser found things, so comments, order, quotes,
indentation and line ends stay as they are, and a diff shows the edit and nothing else. Every edit is checked before it
is returned: the new text is read, and has to say what the old one said with this one change. What an alias or a merge
key would change elsewhere is found that way, and refused.

The module knows the few words it edits (`runtimes`, `models`, `name`, `active`) and no more of the schema.
"""

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from venom_modeld.config import splice
from venom_modeld.config.encoding import BOM
from venom_modeld.config.splice import EditError, Splice
from venom_modeld.config.yaml_nodes import Alias, Mapping, Node, Scalar, Sequence, is_merge, key_text, members
from venom_modeld.config.yaml_source import Data, Document, parse
from venom_modeld.config.yaml_writer import in_line

__all__ = ["EditError", "Entry", "Value", "activate", "install", "remove", "set_in_entry", "set_value", "unified_diff"]

Entry = str | dict[str, Data]
"""An entry of `models`: a name, or a mapping with `name` and more."""

Value = str | int | float | bool
"""What a key can be set to."""

Pair = tuple[Node, Node]

_FILE = "models.yaml"

_LIST_INDENT = "  "
"""How far a list stands in from its key where the file has no list to take after."""


def install(text: str, runtime: str, entry: Entry, *, matches: Callable[[str], bool] | None = None) -> str:
    """Return the text with `entry` as the last of a runtime's models.

    `matches` tells which names are the same model, where a runtime takes one name in several spellings. Raises
    EditError where the runtime is not in the file, or has the model.
    """
    file = _read(text)
    owner = _runtime(file, runtime)
    name = _name_of(entry)
    known = _models(file, runtime)
    same = matches or name.__eq__
    if any(same(other) for other in map(_name_of, known) if other):
        raise EditError(f"the runtime {runtime} has {name} already; change its entry in the file, or remove it first")
    pair = _own_list(owner, runtime)
    splices = _new_list(file, owner, entry) if pair is None else _added(file, owner, pair, entry)
    return _checked(file, splices, _with(file.data, ("runtimes", runtime, "models"), [*known, entry]))


def remove(text: str, runtime: str, matches: Callable[[str], bool], *, clear_active: bool = False) -> str:
    """Return the text without a runtime's models whose name `matches`; unchanged where none does.

    With `clear_active`, an `active` that matches goes too. Raises EditError where the runtime is not in the file.
    """
    file = _read(text)
    owner = _runtime(file, runtime)
    splices: list[Splice] = []
    wanted = file.data
    models = _models(file, runtime)
    gone = {index for index, model in enumerate(models) if (name := _name_of(model)) and matches(name)}
    pair = _own_list(owner, runtime) if gone else None
    if pair is not None and isinstance(pair[1], Sequence):
        kept = [model for index, model in enumerate(models) if index not in gone]
        wanted = _with(wanted, ("runtimes", runtime, "models"), kept)
        splices += _items_cut(file, pair[0], pair[1], gone)
    active = _get(file.data, ("runtimes", runtime, "active"))
    if clear_active and isinstance(active, str) and matches(active):
        wanted = _with(wanted, ("runtimes", runtime, "active"), None)
        splices += _pair_cut(file, owner, "active")
    return _checked(file, splices, wanted)


def activate(text: str, runtime: str, name: str | None) -> str:
    """Return the text with a runtime's `active` set to a name, or without it where that is None.

    Raises EditError where the runtime is not in the file. Whether the model is declared is for the schema to say.
    """
    return set_value(text, runtime, "active", name)


def set_value(text: str, runtime: str | None, key: str, value: Value | None) -> str:
    """Return the text with a key of a runtime, or of the whole file, set to a value, or without it where that is None.

    Raises EditError where the runtime is not in the file, or the key holds a list or a mapping.
    """
    file = _read(text)
    owner = file.root if runtime is None else _runtime(file, runtime)
    path = (key,) if runtime is None else ("runtimes", runtime, key)
    old = _get(file.data, path)
    if old == value and type(old) is type(value):
        return text
    pair = _own(owner, key)
    if value is None:
        splices = _pair_cut(file, owner, key)
    elif pair is None:
        splices = [_new_pair(file, owner, f"{in_line(key)}: {in_line(value)}")]
    else:
        splices = [_value_set(file, pair, value)]
    return _checked(file, splices, _with(file.data, path, value))


def set_in_entry(text: str, runtime: str, matches: Callable[[str], bool], key: str, value: Value | None) -> str:
    """Return the text with a key of a runtime's model set to a value, or without it where that is None.

    The model is the first whose name `matches`; one that is a name alone becomes a mapping. Raises EditError where the
    runtime or the model is not in the file, or the key holds a list or a mapping.
    """
    file = _read(text)
    pair = _own_list(_runtime(file, runtime), runtime)
    models = _models(file, runtime)
    index = next((place for place, model in enumerate(models) if (name := _name_of(model)) and matches(name)), None)
    if pair is None or index is None or not isinstance(pair[1], Sequence):
        raise EditError(f"the runtime {runtime} has no such model; install it first")
    old = models[index]
    long: Data = {"name": old} if isinstance(old, str) else old
    wanted = _with(long, (key,), value)
    if wanted == long:
        return text
    splices = [_entry_set(file, pair[1].items[index], wanted, key, value)]
    return _checked(
        file,
        splices,
        _with(file.data, ("runtimes", runtime, "models"), [*models[:index], wanted, *models[index + 1 :]]),
    )


def unified_diff(old: str, new: str, path: str) -> str:
    """Return the difference as `patch` takes it, with both sides named `path`; empty where there is none."""
    lines = difflib.unified_diff(_lines(old), _lines(new), fromfile=path, tofile=path)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + [last] * bool(last)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """The text without a byte order mark, and what the parser found in it."""

    mark: str
    text: str
    root: Mapping
    data: Data


def _read(text: str) -> _File:
    body = text.removeprefix(BOM)
    document = _parse(body)
    if document.problems:
        raise EditError(f"the file has errors and cannot be edited ({_first_problem(document)}); mend it first")
    if not isinstance(document.root, Mapping):
        raise EditError("the file is no mapping and has no `runtimes`; write them first")
    if "\r" in body.replace("\r\n", ""):
        raise EditError("the file has lines that end with a bare carriage return; save it with the line ends of Unix")
    return _File(mark=text[: len(text) - len(body)], text=body, root=document.root, data=document.data)


def _parse(body: str) -> Document:
    return parse(body.encode("utf-8", "surrogatepass"), path=_FILE)


def _first_problem(document: Document) -> str:
    problem = document.problems[0]
    return f"line {problem.line}, column {problem.column}: {problem.message}"


def _checked(file: _File, splices: list[Splice], wanted: Data) -> str:
    """Return the edited text if it says what is wanted and nothing else."""
    body = splice.spliced(file.text, splices)
    document = _parse(body)
    if not document.problems and document.data == wanted:
        return file.mark + body
    for alias, target in _aliases(file.root):
        first, again = target.span.position.line, alias.span.position.line
        raise EditError(
            "the edit would change more than it should, or break the file, because of what is shared in it"
            f" (line {again} repeats line {first} by the alias *{alias.name}); write the values out first"
        )
    raise EditError("the file is written in a way that cannot be edited safely; edit it by hand")


def _aliases(node: Node) -> Iterator[tuple[Alias, Node]]:
    if isinstance(node, Alias) and node.target is not None:
        yield node, node.target
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _aliases(item)
    elif isinstance(node, Mapping):
        for key, value in node.pairs:
            yield from _aliases(key)
            yield from _aliases(value)


def _runtime(file: _File, name: str) -> Mapping:
    pair = _own(file.root, "runtimes")
    known = {} if pair is None or not isinstance(pair[1], Mapping) else members(pair[1])
    if name not in known:
        names = ", ".join(known) or "none"
        raise EditError(f"the file has no runtime {name}; its runtimes are: {names}")
    node = known[name][1]
    line = node.span.position.line
    if isinstance(node, Alias):
        raise EditError(f"the runtime {name} is an alias (*{node.name}, line {line}); write its values out first")
    if not isinstance(node, Mapping):
        raise EditError(f"the runtime {name} is no mapping (line {line}); write its `kind`, `url` and `prune` first")
    return node


def _own(owner: Mapping, name: str) -> Pair | None:
    return next((pair for pair in owner.pairs if key_text(pair[0]) == name and not is_merge(pair[0])), None)


def _own_list(owner: Mapping, runtime: str) -> Pair | None:
    pair = _own(owner, "models")
    if pair is None and "models" in members(owner):
        raise EditError(f"the models of {runtime} come from a merge key (<<); write the list out first")
    if pair is not None and isinstance(pair[1], Alias):
        line = pair[1].span.position.line
        raise EditError(
            f"the models of {runtime} are an alias (*{pair[1].name}, line {line}); write the list out first"
        )
    return pair


def _models(file: _File, runtime: str) -> list[Data]:
    models = _get(file.data, ("runtimes", runtime, "models"))
    if models is None:
        return []
    if not isinstance(models, list):
        raise EditError(f"the models of {runtime} are no list; write one first")
    return models


def _name_of(entry: Data) -> str:
    name = entry.get("name") if isinstance(entry, dict) else entry
    return name if isinstance(name, str) else ""


def _get(data: Data, path: tuple[str, ...]) -> Data:
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data


def _with(data: Data, path: tuple[str, ...], value: Data) -> Data:
    """Return the data with another value at a path, or, where that is None, without the key."""
    known = data if isinstance(data, dict) else {}
    rest = {name: part for name, part in known.items() if name != path[0]}
    if len(path) > 1:
        return known | {path[0]: _with(known.get(path[0]), path[1:], value)}
    return rest if value is None else rest | {path[0]: value}


def _added(file: _File, owner: Mapping, pair: Pair, entry: Entry) -> list[Splice]:
    value = pair[1]
    if not isinstance(value, Sequence) or not value.items:
        return _filled(file, owner, pair, entry)
    if value.flow:
        return [splice.flow_added(file.text, value, in_line(entry))]
    dash = splice.dashes(file.text, value)[-1]
    indent = splice.indent_before(file.text, dash)
    long_form = any(isinstance(item, Mapping) and not item.flow for item in value.items)
    return [splice.lines_below(file.text, value, _item(entry, indent, long_form=long_form))]


def _filled(file: _File, owner: Mapping, pair: Pair, entry: Entry) -> list[Splice]:
    key, value = pair
    if owner.flow:
        return [splice.value_replaced(file.text, key, value, f"[{in_line(entry)}]")]
    indent = splice.indent_of(file.text, key) + _list_indent(file)
    lines = splice.lines_below(file.text, value, _item(entry, indent, long_form=False))
    return [splice.value_cut(file.text, key, value), lines]


def _new_list(file: _File, owner: Mapping, entry: Entry) -> list[Splice]:
    if owner.flow:
        return [splice.flow_added(file.text, owner, f"models: [{in_line(entry)}]")]
    key, value = owner.pairs[-1]
    indent = splice.indent_of(file.text, key)
    items = _item(entry, indent + _list_indent(file), long_form=False)
    return [splice.lines_below(file.text, value, [f"{indent}models:", *items])]


def _item(entry: Entry, indent: str, *, long_form: bool) -> list[str]:
    if isinstance(entry, str) or not long_form:
        return [f"{indent}- {in_line(entry)}"]
    pairs = [f"{in_line(name)}: {in_line(value)}" for name, value in entry.items()]
    return [f"{indent}{'  ' if line else '- '}{pair}" for line, pair in enumerate(pairs)]


def _list_indent(file: _File) -> str:
    """Return how far the file's own lists stand in from their keys."""
    for key, value in _pairs(file.root):
        if isinstance(value, Sequence) and not value.flow:
            dash = splice.dashes(file.text, value)[0]
            return splice.indent_before(file.text, dash)[len(splice.indent_of(file.text, key)) :]
    return _LIST_INDENT


def _pairs(node: Node) -> Iterator[Pair]:
    if isinstance(node, Mapping):
        for key, value in node.pairs:
            yield key, value
            yield from _pairs(value)


def _items_cut(file: _File, key: Node, value: Sequence, gone: set[int]) -> Iterator[Splice]:
    everything = len(gone) == len(value.items)
    if value.flow:
        whole = [splice.value_replaced(file.text, key, value, "[]")]
        yield from whole if everything else splice.flow_cut(file.text, value, gone)
        return
    dashes = splice.dashes(file.text, value)
    if everything:
        behind = splice.after_colon(file.text, key)
        yield Splice(behind, behind, " []")
    for index in gone:
        yield splice.lines_cut(file.text, dashes[index], value.items[index])


def _pair_cut(file: _File, owner: Mapping, name: str) -> list[Splice]:
    for index, (key, value) in enumerate(owner.pairs):
        if key_text(key) == name and not owner.flow:
            return [splice.lines_cut(file.text, key.span.begin, value)]
        if key_text(key) == name and len(owner.pairs) > 1:
            return list(splice.flow_cut(file.text, owner, [index]))
    raise EditError(f"`{name}` comes from a merge key (<<), or is all there is beside it; edit the file by hand")


def _new_pair(file: _File, owner: Mapping, line: str) -> Splice:
    """Put a pair behind the short ones, before the first list or mapping in block style."""
    if owner.flow:
        return splice.flow_added(file.text, owner, line)
    long = (index for index, (_, value) in enumerate(owner.pairs) if _is_block(value))
    before = next(long, len(owner.pairs))
    key = owner.pairs[0][0]
    line = splice.indent_of(file.text, key) + line
    if before == 0:
        return splice.line_above(file.text, key, line)
    return splice.lines_below(file.text, owner.pairs[before - 1][1], [line])


def _entry_set(file: _File, entry: Node, wanted: Data, key: str, value: Value | None) -> Splice:
    """Return the change of one entry of `models`."""
    if isinstance(entry, Scalar):
        return Splice(entry.span.begin, entry.span.end, in_line(wanted))
    if not isinstance(entry, Mapping):
        raise EditError(f"the entry is an alias (line {entry.span.position.line}); write its values out first")
    pair = _own(entry, key)
    if value is None:
        (cut,) = _pair_cut(file, entry, key)
        return cut
    return (
        _entry_pair(file, entry, f"{in_line(key)}: {in_line(value)}") if pair is None else _value_set(file, pair, value)
    )


def _entry_pair(file: _File, entry: Mapping, line: str) -> Splice:
    """Put a pair into an entry, behind the first one, whose key stands behind the dash."""
    if entry.flow:
        return splice.flow_added(file.text, entry, line)
    key, value = entry.pairs[0]
    column = key.span.position.column - 1
    return splice.lines_below(file.text, value, [" " * column + line])


def _is_block(node: Node) -> bool:
    return isinstance(node, Sequence | Mapping) and not node.flow


def _value_set(file: _File, pair: Pair, value: Value) -> Splice:
    key, old = pair
    if isinstance(old, Sequence | Mapping):
        raise EditError(f"`{key_text(key)}` holds more than one value (line {old.span.position.line}); edit it by hand")
    quote = old.style if isinstance(old, Scalar) and old.style in ("'", '"') else ""
    return splice.value_replaced(file.text, key, old, in_line(value, quote=quote))
