"""`Idempotency-Key`: a request sent twice is done once, and the second gets the first one's answer.

The answer is kept for a day in the cache. Should the cache lose it, the write is still safe to repeat: rows
are known by their natural keys.
"""

import hashlib
import json
from collections.abc import Callable

from django.core.cache import cache
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

KEPT = 24 * 3600  # s
WORKING = 120  # s a request may take before its key is free again


class StillWorking(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_detail = "A request with this idempotency key is still being worked on."


class OtherRequest(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This idempotency key was used for another request."


def answer_once(request: Request, work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the one given before under the same key, user and path."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if len(key) > 200:
        raise ValidationError({"Idempotency-Key": ["At most 200 characters."]})
    slot = "once:" + _digest(f"{request.user.pk} {request.path} {key}")
    body = _digest(_body(request))
    if not cache.add(slot, {"body": body}, WORKING):
        return _again(cache.get(slot), body)
    try:
        response = work()
    except BaseException:  # whatever it was, the sender may try again
        cache.delete(slot)
        raise
    data = json.loads(JSONRenderer().render(response.data))
    cache.set(slot, {"body": body, "status": response.status_code, "data": data}, KEPT)
    return response


def _body(request: Request) -> str:
    """What the request says, its files by their content."""
    files = [
        [name, file.name, hashlib.file_digest(file, "sha256").hexdigest()]
        for name, given in request.FILES.lists()
        for file in given
    ]
    for _name, given in request.FILES.lists():
        for file in given:
            file.seek(0)
    if not files:
        return json.dumps(request.data, sort_keys=True, default=str)
    said = {name: given for name, given in request.data.lists() if name not in request.FILES}
    return json.dumps([said, files], sort_keys=True, default=str)


def _again(found: dict | None, body: str) -> Response:
    if found and found["body"] != body:
        raise OtherRequest
    if not found or "status" not in found:
        raise StillWorking
    return Response(found["data"], found["status"], headers={"Idempotency-Replayed": "true"})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
