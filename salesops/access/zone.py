"""Times on pages are the person's, or the company's."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from salesops.company.selectors import company_zone_name

Answer = Callable[[HttpRequest], HttpResponse]


def own_time_zone(get_response: Answer) -> Answer:
    """Middleware: show times in the zone of the profile, else of the company."""

    def answer(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return get_response(request)
        with timezone.override(user.time_zone or company_zone_name()):
            return get_response(request)

    return answer
