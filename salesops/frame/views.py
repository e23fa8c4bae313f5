"""Pages of the frame itself: stages still empty, error pages, the theme, the favicon, the gallery."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import requires_csrf_token
from django.views.decorators.http import require_GET, require_POST

from salesops.frame import gallery, stages, theme


@require_GET
def stage_supply(request: HttpRequest) -> HttpResponse:
    """What the supply stage will show, and why it is empty now."""
    return render(request, "salesops/stage.html", {"stage": stages.SUPPLY, "page_title": stages.SUPPLY.title})


@require_GET
def stage_execute(request: HttpRequest) -> HttpResponse:
    """What the execution stage will show, and why it is empty now."""
    return render(request, "salesops/stage.html", {"stage": stages.EXECUTE, "page_title": stages.EXECUTE.title})


@login_not_required
@require_POST
def theme_set(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or auto in a cookie of this browser and go back to where the person was."""
    choice = request.POST.get("theme", "")
    after = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(after, {request.get_host()}, require_https=request.is_secure()):
        after = "/"
    response = redirect(after)
    if choice in theme.CHOICES:
        response.set_cookie(
            theme.COOKIE,
            choice,
            max_age=theme.YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    return response


@login_not_required
@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for /favicon.ico whatever the page says."""
    return HttpResponsePermanentRedirect(static("brand/favicon.ico"))


@require_GET
def gallery_page(request: HttpRequest) -> HttpResponse:
    """Every component with sample data, for whoever builds pages; only while developing."""
    if not settings.DEBUG or not request.user.is_staff:
        raise Http404
    return render(request, "salesops/gallery.html", gallery.samples(request))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _error(request, 400, _("This address makes no sense here"), _("Something in the request could not be read."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the reason the code gave."""
    given = str(exception) if exception else ""
    reason = given or _("Your role does not open this page. Ask sales operations.")
    return _error(request, 403, _("You may not see this"), reason)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404. Also the answer for rows that exist but are not yours."""
    return _error(
        request, 404, _("There is nothing here"), _("The page or row does not exist, or is not yours to see.")
    )


@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """500: no context processors, the database may be what failed."""
    return render(None, "500.html", status=500)


@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or cookies switched off."""
    words = _("The form was open too long, or cookies are switched off. Go back, reload the page and send it again.")
    return _error(request, 403, _("The form has expired"), words)


def _error(request: HttpRequest, status: int, title: object, words: object) -> HttpResponse:
    context = {"status": status, "page_title": title, "words": words}
    return render(request, "salesops/error.html", context, status=status)
