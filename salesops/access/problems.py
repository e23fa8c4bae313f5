"""API errors as problem details (RFC 9457)."""

from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


def problem_details(error: Exception, context: dict) -> Response | None:
    """`{"type", "title", "status", "detail", "errors"?}`; None lets Django answer 500."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, Http404):
        title = "Not found"
    elif isinstance(error, exceptions.APIException):
        title = str(error.default_detail).rstrip(".")
    else:
        title = "Request refused"
    detail = response.data.get("detail") if isinstance(response.data, dict) else None
    problem = {"type": "about:blank", "title": title, "status": response.status_code, "detail": str(detail or title)}
    if detail is None:
        problem["errors"] = response.data
    response.data = problem
    response.content_type = "application/problem+json"
    return response
