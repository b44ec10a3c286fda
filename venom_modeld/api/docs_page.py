"""The page that lists the routes, rendered here: FastAPI's own loads scripts from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Any

from venom_modeld.api.headers import LOAD_NOTHING

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #8884; }
code { font-family: ui-monospace, monospace; }
"""

POLICY = f"{LOAD_NOTHING}; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
"""The page's own policy: its one style and nothing else."""


def docs_page(schema: dict[str, Any]) -> str:
    """Return the page for an OpenAPI schema."""
    info = schema["info"]
    rows = "\n".join(_rows(schema["paths"]))
    content = f"""<p>{escape(info["description"])}
The machine-readable form is <a href="/openapi.json">/openapi.json</a>.</p>
<table>
<thead><tr><th scope="col">Call</th><th scope="col">What it does</th><th scope="col">Answer</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>"""
    return page(f"{info['title']} {info['version']}: the HTTP API", content)


def page(title: str, content: str) -> str:
    """Return a page of plain HTML, to be sent with `POLICY`."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
{content}
</body>
</html>
"""


def _rows(paths: dict[str, dict[str, Any]]) -> Iterator[str]:
    for path, methods in paths.items():
        for method, operation in methods.items():
            call = f"<code>{method.upper()} {escape(path)}</code>"
            what = escape(operation["summary"])
            answer = ", ".join(f"<code>{escape(name)}</code>" for name in _answers(operation["responses"]))
            yield f"<tr><td>{call}</td><td>{what}</td><td>{answer}</td></tr>"


def _answers(responses: dict[str, dict[str, Any]]) -> list[str]:
    """Return the names of the schemas of success, or the media types where there is no schema."""
    content = [part for status, one in responses.items() if status[0] == "2" for part in one["content"].items()]
    return [form["schema"]["$ref"].rpartition("/")[2] if "$ref" in form["schema"] else kind for kind, form in content]
