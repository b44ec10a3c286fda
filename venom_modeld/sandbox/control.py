"""The control port: the fault dial, the requests, and what a person or a test may do to the servers from outside."""

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from venom_modeld.sandbox.artifacts import ModelSpec
from venom_modeld.sandbox.bodies import RefusedError, answer, read_body
from venom_modeld.sandbox.dials import Dial, turn
from venom_modeld.sandbox.names import InvalidNameError
from venom_modeld.sandbox.registry import plain_error
from venom_modeld.sandbox.routes_models import Endpoint
from venom_modeld.sandbox.shelf import UnknownTagError

if TYPE_CHECKING:
    from venom_modeld.sandbox.server import Sandbox

_SPEC = TypeAdapter(ModelSpec)


class Control:
    """Serves the control port of one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def app(self) -> Starlette:
        """Return the application of the control port."""
        return Starlette(routes=self.routes(), exception_handlers={HTTPException: plain_error})

    def routes(self) -> list[Route]:
        """All paths, each with its method."""
        table: list[tuple[str, str, Endpoint]] = [
            ("GET", "/", self._addresses),
            ("GET", "/state", self._state),
            ("GET", "/faults", self._faults),
            ("PATCH", "/faults", self._set_faults),
            ("DELETE", "/faults", self._reset_faults),
            ("GET", "/faults/{server}", self._faults),
            ("PATCH", "/faults/{server}", self._set_faults),
            ("DELETE", "/faults/{server}", self._reset_faults),
            ("GET", "/requests", self._requests),
            ("DELETE", "/requests", self._forget_requests),
            ("GET", "/registry", self._registry),
            ("POST", "/registry/publish", self._publish),
            ("POST", "/registry/move", self._move),
            ("POST", "/registry/remove", self._remove),
            ("POST", "/install", self._install),
            ("POST", "/crash", self._crash),
            ("POST", "/stop", self._stop),
            ("POST", "/start", self._start),
            ("POST", "/kill-runner", self._kill_runner),
        ]
        return [Route(path, _explaining(endpoint), methods=[method]) for method, path, endpoint in table]

    async def _addresses(self, _request: Request) -> Response:
        return answer(self._sandbox.addresses.as_json())

    async def _state(self, _request: Request) -> Response:
        return answer(self._sandbox.describe())

    async def _faults(self, request: Request) -> Response:
        return answer(self._dial(request).as_json())

    async def _set_faults(self, request: Request) -> Response:
        try:
            turn(self._dial(request), await read_body(request))
        except KeyError as error:
            message = f"The fault dial has no {error.args[0]}."
            raise RefusedError(400, message) from error
        return await self._faults(request)

    async def _reset_faults(self, request: Request) -> Response:
        self._dial(request).reset()
        return await self._faults(request)

    def _dial(self, request: Request) -> Dial:
        """Return the dial that a path names; without a name, that of Ollama and its registry."""
        server = request.path_params.get("server", "ollama")
        if server not in self._sandbox.dials:
            message = f"This sandbox has no {server}; it has {', '.join(self._sandbox.dials)}."
            raise RefusedError(404, message)
        return self._sandbox.dials[server]

    async def _requests(self, request: Request) -> Response:
        asked = {key: request.query_params.get(key, "*") for key in ("server", "method", "path")}
        return answer([entry.as_json() for entry in self._sandbox.requests.matching(**asked)])

    async def _forget_requests(self, _request: Request) -> Response:
        self._sandbox.requests.clear()
        return Response()

    async def _registry(self, _request: Request) -> Response:
        return answer(self._sandbox.offered())

    async def _publish(self, request: Request) -> Response:
        spec = _SPEC.validate_python(await read_body(request))
        return answer({"digest": self._sandbox.shelf.publish(spec)})

    async def _move(self, request: Request) -> Response:
        body = await read_body(request)
        digest = self._sandbox.move_tag(_text(body, "name"), same_weights=bool(body.get("same_weights")))
        return answer({"digest": digest})

    async def _remove(self, request: Request) -> Response:
        self._sandbox.remove_tag(_text(await read_body(request), "name"))
        return Response()

    async def _install(self, request: Request) -> Response:
        self._sandbox.install(_text(await read_body(request), "name"))
        return Response()

    async def _crash(self, request: Request) -> Response:
        body = await read_body(request) if await request.body() else {}
        await self._sandbox.crash(restart_after=body.get("restart_after"))
        return Response()

    async def _stop(self, _request: Request) -> Response:
        await self._sandbox.stop_ollama()
        return Response()

    async def _start(self, _request: Request) -> Response:
        await self._sandbox.start_ollama()
        return Response()

    async def _kill_runner(self, request: Request) -> Response:
        killed = self._sandbox.kill_runner(_text(await read_body(request), "name"))
        return JSONResponse({"killed": killed})


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        message = f'Send a JSON object with "{key}".'
        raise RefusedError(400, message)
    return value


def _explaining(endpoint: Endpoint) -> Endpoint:
    """Answer what a person did wrong with a sentence, in place of a traceback."""

    async def explained(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RefusedError as error:
            return error.response
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            return answer({"error": problems}, status=400)
        except InvalidNameError as error:
            return answer({"error": f'"{error}" is no name of a model.'}, status=400)
        except UnknownTagError as error:
            return answer({"error": str(error)}, status=404)

    return explained
