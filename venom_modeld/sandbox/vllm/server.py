"""The HTTP server of a stand-in: the routes that a daemon and its clients use."""

import argparse
import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from venom_modeld.sandbox.vllm import answers
from venom_modeld.sandbox.vllm.answers import Answer, refusal
from venom_modeld.sandbox.vllm.faults import Faults, read
from venom_modeld.sandbox.vllm.model import Model

_NOT_FOUND: Answer = (404, {"detail": "Not Found"})
_OPEN = ("/health", "/metrics", "/version")
"""Routes that ask for no key."""


class Busy:
    """Requests in progress, and whether they are to be given up."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.running = 0
        self.aborted = threading.Event()

    def enter(self) -> None:
        """Count one more."""
        with self._changed:
            self.running += 1

    def leave(self) -> None:
        """Count one less."""
        with self._changed:
            self.running -= 1
            self._changed.notify_all()

    def __enter__(self) -> None:
        self.enter()

    def __exit__(self, *_: object) -> None:
        self.leave()

    def wait(self, seconds: float) -> bool:
        """Return when nothing is in progress, or after so many seconds; tells which."""
        with self._changed:
            return self._changed.wait_for(lambda: self.running == 0, seconds)


class Api:
    """What is answered; `healthy` tells whether the engine lives."""

    def __init__(self, arguments: argparse.Namespace, model: Model, healthy: Callable[[], bool]) -> None:
        self._arguments = arguments
        self._model = model
        self._healthy = healthy
        self.names: list[str] = arguments.served_model_name or [arguments.model]
        self._keys = {*(arguments.api_key or ()), os.environ.get("VLLM_API_KEY", "")} - {""}
        self._adapters: dict[str, str] = {}
        self.busy = Busy()
        """Those for which the engine works."""
        self.answering = Busy()
        """Those whose answer is not on its way yet."""

    def answer(self, method: str, path: str, body: Mapping[str, Any], key: str) -> Answer:
        """Answer one request."""
        if self._keys and path not in _OPEN and key.removeprefix("Bearer ") not in self._keys:
            return 401, {"error": "Unauthorized"}
        route = self._routes().get(f"{method} {path}")
        return _NOT_FOUND if route is None else route(body)

    def _routes(self) -> Mapping[str, Callable[[Mapping[str, Any]], Answer]]:
        routes: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "GET /health": lambda _: (200 if self._healthy() and not read().unhealthy else 503, None),
            "GET /version": lambda _: (200, {"version": answers.VERSION}),
            "GET /metrics": lambda _: (200, answers.metrics(self.names[0], running=self.busy.running)),
            "GET /v1/models": lambda _: (200, self._models()),
            "POST /v1/completions": self._complete,
            "POST /v1/embeddings": self._embed,
        }
        if self._arguments.enable_lora and os.environ.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == "True":
            routes["POST /v1/load_lora_adapter"] = self._load_adapter
            routes["POST /v1/unload_lora_adapter"] = self._unload_adapter
        return routes

    def _models(self) -> Mapping[str, Any]:
        root, length = self._arguments.model, self._model.context_length
        base = [answers.model(name, root, parent=None, context_length=length) for name in self.names]
        adapters = [
            answers.model(name, path, parent=self.names[0], context_length=None)
            for name, path in self._adapters.items()
        ]
        return {"object": "list", "data": [*base, *adapters]}

    def _complete(self, body: Mapping[str, Any]) -> Answer:
        name, faults = str(body.get("model")), read()
        if name not in (*self.names, *self._adapters):
            return self._unknown(name)
        if self._is(faults.embedding):
            return refusal(400, "The model does not support Completions API", "BadRequestError")
        with self.busy:
            tokens = 0 if self._is(faults.silent) or name in faults.silent else int(body.get("max_tokens", 16))
            if self.busy.aborted.wait(tokens * faults.token_seconds):
                words = "EngineCore encountered an issue. See stack trace (above) for the root cause."
                return refusal(500, words, "InternalServerError")
        return 200, answers.completion(name, tokens)

    def _embed(self, body: Mapping[str, Any]) -> Answer:
        if not self._is(read().embedding):
            return refusal(400, "The model does not support Embeddings API", "BadRequestError")
        return 200, answers.embedding(str(body.get("model")))

    def _is(self, names: tuple[str, ...]) -> bool:
        return any(name in names for name in self.names)

    def _unknown(self, name: str) -> Answer:
        words = f"The model `{name}` does not exist. Valid aliases: {', '.join(self.names)}."
        return refusal(404, words, "NotFoundError")

    def _load_adapter(self, body: Mapping[str, Any]) -> Answer:
        name, path = str(body.get("lora_name", "")), str(body.get("lora_path", ""))
        if not name or not path:
            return refusal(400, "Both 'lora_name' and 'lora_path' must be provided.", "InvalidUserInput")
        if name in self.names:
            return refusal(400, f"The lora adapter '{name}' conflicts with a served base model.", "InvalidUserInput")
        if name in self._adapters and not body.get("load_inplace"):
            return refusal(400, f"The lora adapter '{name}' has already been loaded.", "InvalidUserInput")
        if not Path(path, "adapter_config.json").exists():
            return refusal(404, f"Loading lora {name} failed: No adapter found for <path>", "NotFoundError")
        rank = json.loads(Path(path, "adapter_config.json").read_bytes()).get("r", 8)
        if rank > self._arguments.max_lora_rank:
            words = (
                f"Call to add_lora method failed: Worker failed with error 'LoRA rank {rank} is greater than"
                f" max_lora_rank {self._arguments.max_lora_rank}.', please check the stack trace above for the root"
                " cause"
            )
            return refusal(500, words, "InternalServerError")
        self._adapters[name] = path
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def _unload_adapter(self, body: Mapping[str, Any]) -> Answer:
        name = str(body.get("lora_name", ""))
        if self._adapters.pop(name, None) is None:
            return refusal(404, f"The lora adapter '{name}' cannot be found.", "NotFoundError")
        return 200, f"Success: LoRA adapter '{name}' removed successfully."


def listen(api: Api, bound: socket.socket) -> ThreadingHTTPServer:
    """Answer at a socket from now on, in threads of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._respond("GET")

        def do_POST(self) -> None:
            self._respond("POST")

        def log_message(self, *_: object) -> None:
            """Write no access log."""

        def handle(self) -> None:
            self.close_connection = True
            try:
                self.handle_one_request()
            finally:
                api.answering.leave()
            while not self.close_connection:
                self.handle_one_request()

        def _respond(self, method: str) -> None:
            with api.answering:
                self._answer(method)

        def _answer(self, method: str) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body = api.answer(
                method, self.path, json.loads(sent) if sent else {}, self.headers.get("Authorization", "")
            )
            text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    class Listener(ThreadingHTTPServer):
        def process_request(self, request: Any, client_address: Any) -> None:
            api.answering.enter()  # until its first answer: the real one reads what came before it is told to stop
            super().process_request(request, client_address)

    server = Listener(("", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = bound
    server.daemon_threads = True
    server.request_queue_size = 128
    server.server_activate()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def take_port(host: str, port: int) -> socket.socket:
    """Bind the address without listening at it yet, as the real one does. Raises OSError."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


def name_of(arguments: argparse.Namespace, faults: Faults) -> str:
    """Return the name of the model that faults speak of: the one among its names that they know, else the first."""
    names: list[str] = arguments.served_model_name or [arguments.model]
    return next((name for name in names if name in faults.refuse), names[0])
