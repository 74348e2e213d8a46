"""A way past the router for what other servers send all day.

Finding the route, the layers around every handler and the headers of every answer cost as much as
reading the request (8 µs), and what is taken needs none of it: its answer is ready
(`web/ready.py`). Whatever else becomes of it, a refusal or a failure, is told as the route tells
it, so that nothing is decided in two places.
"""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from aiohttp import hdrs
from aiohttp.web import BaseRequest, Request, RequestKey, StreamResponse

from web.call import Call
from web.ready import is_ready

Answers = Callable[[Request], Awaitable[StreamResponse]]
Serves = Callable[[BaseRequest], Awaitable[StreamResponse]]


class _Outcome(NamedTuple):
    """What became of a request before the router saw it: one of the two."""

    answer: StreamResponse | None
    failure: Exception | None = None


_OUTCOME: Final = RequestKey("outcome", _Outcome)


class Door:
    """What answers POSTs to one path."""

    def __init__(self, path: str, answer: Answers) -> None:
        """`answer` asks nothing of the router, and nothing but it may read the request."""
        self._path = path
        self._answer = answer

    async def by_route(self, call: Call) -> StreamResponse:
        """The route's handler. Raises what `answer` raises."""
        # Taken out: what leads back to its request is left to the collector, which looks seldom.
        outcome: _Outcome | None = call.request.pop(_OUTCOME, None)
        if outcome is None:
            return await self._answer(call.request)
        try:
            if outcome.answer is None:
                raise outcome.failure or RuntimeError("there is no answer")
            return outcome.answer
        finally:
            del outcome

    def before(self, router: Serves) -> Serves:
        """A server's handler that tries this first, and goes on to the router where it must."""

        async def serve(request: BaseRequest) -> StreamResponse:
            if not isinstance(request, Request) or not self._is_meant(request):
                return await router(request)
            try:
                answer = await self._answer(request)
                if is_ready(answer):
                    return answer
                request[_OUTCOME] = _Outcome(answer)
            except Exception as failure:  # noqa: BLE001 - the route tells it
                request[_OUTCOME] = _Outcome(None, failure)
            return await router(request)

        return serve

    def _is_meant(self, request: Request) -> bool:
        """Exactly this, and nothing to be said before the body comes (RFC 9110 §10.1.1)."""
        return (
            request.raw_path == self._path
            and request.method == hdrs.METH_POST
            and hdrs.EXPECT not in request.headers
        )
