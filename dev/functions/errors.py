"""What the platform says instead of a function."""

from http import HTTPStatus


class PlatformError(Exception):
    """The platform answers instead of a function or a file; `code` is one of Vercel's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = HTTPStatus(status)
        self.code = code
