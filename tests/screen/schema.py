"""Prints the OpenAPI schema of the API, from which the types of the screen are made."""

import json
import sys
from typing import Any

from tests.api.conftest import House


def schema() -> dict[str, Any]:
    """Return the schema."""
    return House().app().openapi()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema()))
