"""The YAML parser's complaints in plain words.

Both parsers of PyYAML (libyaml and the pure Python one) name what they expected in their grammar, in slightly different
phrases. People need the place, the likely mistake and what to write. The table matches on what the phrases share.
"""

from dataclasses import dataclass

import yaml

from venom_modeld.config.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One complaint: words of the parser's problem and context, and the sentence for it.

    `at_opening` puts the sentence where the broken construct starts rather than where the parser gave up. A sentence
    may use {char} (where the parser gave up), {line} and {column} (of the place which the sentence is not put at).
    """

    problem: str
    context: str = ""
    sentence: str
    at_opening: bool = False


_RULES = (
    _Rule(problem="tab character", sentence="a tab stands where only spaces may; write spaces"),
    _Rule(
        problem="mapping values are not allowed",
        sentence="a ':' is not allowed here; put a text that holds ': ' in quotes, align a key with its neighbours,"
        " and write a space after the ':' of the line above",
    ),
    _Rule(
        problem="entries are not allowed",
        sentence="a list cannot start on the line of its key; write '- ' on a line of its own",
    ),
    _Rule(
        problem="could not find expected ':'",
        sentence="this line is no `key: value`; write ': ' after the key, or '- ' before an item of a list",
        at_opening=True,
    ),
    _Rule(
        problem="unexpected end of stream",
        sentence="the quote that opens here is never closed; write the closing quote",
        at_opening=True,
    ),
    _Rule(
        problem="expected ',' or ']'",
        sentence="the '[' that opens here is still open on line {line}, column {column}; write the missing ',' or ']'",
        at_opening=True,
    ),
    _Rule(
        problem="expected ',' or '}'",
        sentence="the '{{' that opens here is still open on line {line}, column {column}; write the missing ','"
        " or '}}'",
        at_opening=True,
    ),
    _Rule(
        problem="expected",
        context="block mapping",
        sentence="this does not continue the mapping that starts on line {line}, column {column}; align a key with its"
        " neighbours, and put the whole of a value in one pair of quotes",
    ),
    _Rule(
        problem="expected",
        context="block collection",
        sentence="this does not continue the list that starts on line {line}, column {column}; align each '- ' there,"
        " and put the whole of an item in one pair of quotes",
    ),
    _Rule(
        problem="<document start>",
        sentence="this does not belong to what stands above it; align it, or put the whole of the value in one pair of"
        " quotes",
    ),
    _Rule(problem="that cannot start any token", sentence="a value cannot start with {char}; put it in quotes"),
    _Rule(problem="node content", sentence="a value is expected here, and {char} cannot start one; put it in quotes"),
    _Rule(
        problem="alphabetic or numeric",
        sentence="'*' and '&' have a meaning of their own in YAML; put a value that starts with one in quotes",
        at_opening=True,
    ),
    _Rule(
        problem="escape",
        sentence="this escape is unknown in double quotes; double the backslash, or write single quotes",
    ),
    _Rule(problem="undefined tag handle", sentence="tags of this kind are not supported; remove the tag"),
    _Rule(problem="", sentence="this is no YAML (the parser says: {problem}); mend this line"),
)


def syntax_problem(error: yaml.YAMLError, text: str, *, path: str) -> Problem:
    """Return the one Problem that the parser's error stands for."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem(path_of_file=path, message=f"this is no YAML (the parser says: {error})")
    end, opening = error.problem_mark, error.context_mark or error.problem_mark
    rule = _rule_for(error, text[end.index : end.index + 1])
    here, there = (opening, end) if rule.at_opening else (end, opening)
    sentence = rule.sentence.format(
        char=_shown(text[end.index : end.index + 1]),
        line=there.line + 1,
        column=there.column + 1,
        problem=error.problem,
    )
    return Problem(path_of_file=path, line=here.line + 1, column=here.column + 1, message=sentence)


def _rule_for(error: yaml.MarkedYAMLError, char: str) -> _Rule:
    problem, context = error.problem or "", error.context or ""
    if char == "\t":
        problem = "tab character"
    return next(rule for rule in _RULES if rule.problem in problem and rule.context in context)


def _shown(char: str) -> str:
    if not char.strip():
        return "the end of the line" if char else "the end of the file"
    return f"'{char}'" if char != "'" else '"\'"'
