"""How the service turns a request down."""

from http import HTTPStatus


class Refusal(Exception):
    """The request is answered `{"error": text}` with `status`."""

    def __init__(
        self, text: str, status: int = HTTPStatus.BAD_REQUEST, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class ConnectionReset(Exception):
    """The connection is reset instead of an answer."""
