"""The open door: `POST /hooks/<slug>/`. It says as little as it can, and answers as soon as the message is safe."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db.utils import IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from data_collection.webhooks.calc.signatures import Arrived
from data_collection.webhooks.services.accepting import message_accept, message_prove, over_limit, source_by_slug
from salesops.notices.links import whole_url
from salesops.secrets.cipher import Unreadable

log = logging.getLogger(__name__)
CONTENT_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/json")
LARGEST = 10_240 * 1024  # of any source; nothing longer is read


@csrf_exempt
@login_not_required
@require_POST
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    """202 accepted (or known already), 401 not from the source, 413, 415, 429, 503."""
    try:
        return _received(request, slug)
    except (OperationalError, InterfaceError):
        return _answer(503, "The message could not be kept. Send it again.", retry=30)
    except IntegrityError:  # the source was deleted a moment ago and is still remembered
        return _refused()
    except Unreadable:
        log.exception("The secret of the webhook source “%s” can't be read.", slug)
        return _answer(503, "Not ready. Send it again.", retry=300)


def _received(request: HttpRequest, slug: str) -> HttpResponse:
    length = _length(request)
    if length > LARGEST:
        return _answer(413, "Too large.")
    if not request.content_type.endswith("+json") and request.content_type not in CONTENT_TYPES:
        return _answer(415, "Send JSON or a form.")
    if request.headers.get("content-encoding", "identity") != "identity":
        return _answer(415, "Send the body without compression.")
    # From here on an unknown address answers as a wrong signature does: nobody learns which addresses exist.
    source = source_by_slug(slug)
    if source is None:
        return _refused()
    arrived = _arrived(request, length)
    proof = message_prove(source=source, arrived=arrived)
    if proof is None:
        return _refused()
    if length > source.most_kb * 1024:
        return _answer(413, "Too large.")
    if over_limit(source=source):
        return _answer(429, "Too many messages. Send it again later.", retry=60)
    query = request.META.get("QUERY_STRING", "")
    accepted = message_accept(source=source, arrived=arrived, proof=proof, query=query)
    return JsonResponse({"accepted": True, "duplicate": not accepted.is_new}, status=202)


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else LARGEST + 1


def _arrived(request: HttpRequest, length: int) -> Arrived:
    path = request.get_full_path()
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Arrived("POST", whole_url(path) or request.build_absolute_uri(path), headers, request.read(length))


def _refused() -> HttpResponse:
    return _answer(401, "Not accepted.")


def _answer(status: int, words: str, *, retry: int = 0) -> HttpResponse:
    answer = JsonResponse({"accepted": False, "detail": words}, status=status)
    if retry:
        answer["Retry-After"] = str(retry)
    return answer
