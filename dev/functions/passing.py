"""Passing a request on to another server of this machine, and its answer back."""

import httpx
from starlette.requests import Request
from starlette.responses import Response

OF_ONE_CONNECTION = {b"connection", b"keep-alive", b"transfer-encoding"}
SET_BY_THE_SERVER = OF_ONE_CONNECTION | {b"content-length", b"date", b"server"}


def client() -> httpx.AsyncClient:
    """Only loopback http is spoken: without `verify=False` a TLS context would be built for
    nothing."""
    return httpx.AsyncClient(
        timeout=None, limits=httpx.Limits(max_connections=None), trust_env=False, verify=False
    )


def target(request: Request) -> bytes:
    """Path and query byte for byte."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


async def answer(http: httpx.AsyncClient, request: httpx.Request) -> Response:
    """The answer as it came, but whole."""
    answer = await http.send(request, stream=True)
    try:
        body = b"".join([chunk async for chunk in answer.aiter_raw()])
    finally:
        await answer.aclose()
    response = Response(body, answer.status_code)
    headers = [(name.lower(), value) for name, value in answer.headers.raw]
    response.raw_headers = [header for header in headers if header[0] not in SET_BY_THE_SERVER]
    response.raw_headers.append((b"content-length", str(len(body)).encode()))
    return response
