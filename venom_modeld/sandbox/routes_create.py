"""The call that derives a model: the weights of another one with other words and parameters around them."""

import contextlib
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from venom_modeld.sandbox.artifacts import (
    CONFIG_TYPE,
    LICENSE_TYPE,
    MESSAGES_TYPE,
    MODEL_TYPE,
    PARAMETERS_TYPE,
    SYSTEM_TYPE,
    TEMPLATE_TYPE,
    Blob,
    Layer,
    layer_of,
    make_manifest,
    small_blob,
)
from venom_modeld.sandbox.attended import answer_later, line_stream
from venom_modeld.sandbox.bodies import RefusedError, model_of, name_or_refuse, object_of, read_body, streams
from venom_modeld.sandbox.downloads import Line
from venom_modeld.sandbox.gojson import encode
from venom_modeld.sandbox.names import ModelName
from venom_modeld.sandbox.ollama import Ollama
from venom_modeld.sandbox.routes_models import PLAIN_JSON, last_line, refusing, with_error
from venom_modeld.sandbox.store import Installed
from venom_modeld.sandbox.upstream import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A model to derive."""

    name: ModelName
    source: ModelName
    body: dict[str, Any]


class CreateRoutes:
    """Serves the call that creates models."""

    def __init__(self, ollama: Ollama) -> None:
        self._ollama = ollama
        self._store = ollama.store

    def routes(self) -> list[Route]:
        """Return the path of the call."""
        return [Route("/api/create", refusing(self._create), methods=["POST"])]

    async def _create(self, request: Request) -> Response:
        body = await read_body(request)
        name = name_or_refuse(model_of(body), "invalid model name")
        if not body.get("from"):
            raise RefusedError(400, "neither 'from' or 'files' was specified", media_type=PLAIN_JSON)
        source = name_or_refuse(str(body["from"]), "invalid model name")
        object_of(body, "parameters")
        _check_template(str(body.get("template") or ""))
        lines = self._derive(Wish(name=name, source=source, body=body))
        if streams(body):
            return line_stream(with_error(lines))
        return answer_later(lambda: last_line(lines))

    async def _derive(self, wish: Wish) -> AsyncGenerator[Line, None]:
        if self._store.find(wish.source) is None:
            pulled = self._ollama.pull(Source(name=wish.source, insecure=False))
            async with contextlib.aclosing(pulled) as lines:
                async for line in lines:
                    yield line
        for line in self._build(wish, self._store.models[wish.source.key]):
            yield line

    def _build(self, wish: Wish, base: Installed) -> list[Line]:
        added = _added(wish.body, self._store.parameters(base.manifest))
        replaced = {kind for kind, _ in added}
        kept = [layer for layer in base.manifest.layers if layer.media_type not in replaced]
        layers = [_from(layer, base.name) for layer in kept] + [layer_of(kind, blob) for kind, blob in added]
        known = set(self._store.blobs)
        lines: list[Line] = [{"status": f"{_verb(layer.digest in known)} layer {layer.digest}"} for layer in layers]
        config = self._config(base, layers)
        for blob in [*(blob for _, blob in added), config]:
            self._store.add_blob(blob)
        manifest = make_manifest(layer_of(CONFIG_TYPE, config), tuple(layers), ending=b"\n")
        for digest in self._store.write(wish.name, manifest):
            self._store.drop_blob(digest)
        return [*lines, {"status": "writing manifest"}, {"status": "success"}]

    def _config(self, base: Installed, layers: list[Layer]) -> Blob:
        config = self._store.config(base)
        return small_blob(
            encode(config | {"rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]}})
        )


def _added(body: dict[str, Any], parameters: dict[str, Any]) -> list[tuple[str, Blob]]:
    licenses = body.get("license") or []
    texts = [(TEMPLATE_TYPE, body.get("template")), (SYSTEM_TYPE, body.get("system"))]
    texts += [(LICENSE_TYPE, each) for each in ([licenses] if isinstance(licenses, str) else licenses)]
    added = [(kind, small_blob(str(text).encode())) for kind, text in texts if text]
    if body.get("parameters"):
        added.append((PARAMETERS_TYPE, small_blob(encode(parameters | body["parameters"]))))
    if body.get("messages"):
        added.append((MESSAGES_TYPE, small_blob(encode(body["messages"]))))
    return added


def _from(layer: Layer, base: ModelName) -> Layer:
    if layer.media_type != MODEL_TYPE:
        return layer
    return Layer(media_type=layer.media_type, digest=layer.digest, size=layer.size, origin=base.short)


def _verb(existing: bool) -> str:  # noqa: FBT001  # a plain word for a plain question
    return "using existing" if existing else "creating new"


def _check_template(text: str) -> None:
    if len(re.findall(r"\{\{", text)) > len(re.findall(r"\}\}", text)):
        line = text.count("\n") + 1
        message = f"template error: template: :{line}: unclosed action"
        raise RefusedError(400, message, media_type=PLAIN_JSON)
