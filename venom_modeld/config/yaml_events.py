"""What PyYAML reads, as a stream of events, with one way to fail."""

from collections.abc import Iterator

import yaml

Parser = type[yaml.SafeLoader] | type[yaml.CSafeLoader]
"""Either of PyYAML's parsers."""


def events(text: str, parser: Parser) -> Iterator[yaml.Event]:
    """Yield the parser's events; raise nothing but yaml.YAMLError.

    The pure Python parser lets some escapes pass which are no characters (half a surrogate pair) and fails by itself
    on others (numbers past the last character); libyaml refuses both as it should.
    """
    try:
        for event in yaml.parse(text, Loader=parser):
            if isinstance(event, yaml.ScalarEvent):
                event.value.encode()
            yield event
    except (ValueError, OverflowError) as error:
        raise yaml.YAMLError("an escape in double quotes is no character") from error
