from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse

OPEN_PREFIXES = ("/accounts/", "/static/", "/favicon.ico", "/api/")


class RequireLogin(LoginRequiredMiddleware):
    """Every page needs a login unless it says otherwise; the API answers 401 by itself."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponse], view_args: tuple, view_kwargs: dict
    ) -> HttpResponse | None:
        if request.path.startswith(OPEN_PREFIXES):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)
