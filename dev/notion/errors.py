"""Notion's refusals, in Notion's words and members."""

from dev.notion.nodes import JSON

VERSIONS = (
    "2021-05-11",
    "2021-05-13",
    "2021-08-16",
    "2022-02-22",
    "2022-06-28",
    "2025-09-03",
    "2026-03-11",
)
SPOKEN = ("2025-09-03", "2026-03-11")


class NotionError(Exception):
    """An error answer: `{"object": "error", "status", "code", "message"}`, and `additional_data` if
    there is any."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        additional_data: JSON | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.additional_data = additional_data
        self.headers = headers or {}

    def body(self, request_id: str) -> JSON:
        body: JSON = {
            "object": "error",
            "status": self.status,
            "code": self.code,
            "message": self.message,
        }
        if self.additional_data is not None:
            body["additional_data"] = self.additional_data
        return {**body, "request_id": request_id}


def invalid_request_url() -> NotionError:
    return NotionError(400, "invalid_request_url", "Invalid request URL.")


def unauthorized() -> NotionError:
    return NotionError(401, "unauthorized", "API token is invalid.")


def invalid_json() -> NotionError:
    return NotionError(400, "invalid_json", "Error parsing JSON body.")


def invalid(message: str) -> NotionError:
    return NotionError(400, "validation_error", message)


def missing_version(given: str | None) -> NotionError:
    if given is None:
        fault = "should be defined, instead was `undefined`"
    else:
        known = ", ".join(f'`"{version}"`' for version in VERSIONS)
        fault = f'should be one of {known}, instead was `"{given}"`'
    return NotionError(
        400,
        "missing_version",
        f"Notion-Version header failed validation: Notion-Version header {fault}.",
    )


def version_not_spoken(given: str) -> NotionError:
    return invalid(
        f"This stand-in speaks the versions {' and '.join(SPOKEN)} of Notion's API, not {given}."
    )


def not_found(kind: str, asked_id: str, integration: str, integration_id: str) -> NotionError:
    return NotionError(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {asked_id}. Make sure the relevant pages and databases are"
        " shared with your "
        f'integration "{integration}".',
        {"integration_id": integration_id},
    )


def not_a_uuid(parameter: str, given: str) -> NotionError:
    return invalid(
        f'path failed validation: path.{parameter} should be a valid uuid, instead was `"{given}"`.'
    )


def dead_cursor(cursor: str) -> NotionError:
    return invalid(f"The start_cursor provided is invalid: {cursor}")


def rate_limited(
    retry_after_seconds: int, reason: str = "public_api_request_rate_limit"
) -> NotionError:
    return NotionError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        {"rate_limit_reason": reason, "retry_after": str(retry_after_seconds)},
        {"Retry-After": str(retry_after_seconds)},
    )


def service_overload(retry_after_seconds: int) -> NotionError:
    return NotionError(
        529,
        "service_overload",
        "Notion is currently overloaded. Please try again later.",
        headers={"Retry-After": str(retry_after_seconds)},
    )


def failure(status: int) -> NotionError:
    """Answers of Notion's that tests order by their status."""
    code, message = {
        403: ("restricted_resource", "Insufficient permissions for this endpoint."),
        500: ("internal_server_error", "Unexpected error occurred."),
        502: ("internal_server_error", "Bad gateway."),
        503: ("service_unavailable", "Notion is unavailable, please try again later."),
        504: ("gateway_timeout", "The request timed out. Please try again later."),
    }[status]
    return NotionError(status, code, message)
