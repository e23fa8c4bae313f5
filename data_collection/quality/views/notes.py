"""The weekly note before it is sent: one's own, or for operations anybody's, with a test to oneself."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from data_collection.quality.services.notes import note_of, note_send, note_users
from salesops.access.models import User
from salesops.company.selectors import company_today
from salesops.frame.components import Filter


@require_http_methods(["GET", "POST"])
def quality_note(request: HttpRequest) -> HttpResponse:
    """What the person's note would say today."""
    today = company_today()
    people = list(note_users(today)) if request.user.is_ops else []
    person = _person(request, people)
    note = note_of(person, today)
    if request.method == "POST":
        if not request.user.is_ops:
            raise PermissionDenied
        return _test(request, note, person)
    weekday = settings.QUALITY_NOTE_WEEKDAY
    return render(
        request,
        "data_collection/quality/note.html",
        {
            "page_title": _("Weekly note"),
            "page_subtitle": _("Sent on %(day)s to reps and managers who have something to put right")
            % {"day": WEEKDAYS[weekday - 1]}
            if weekday
            else _("Not sent: switched off by the setting QUALITY_NOTE_WEEKDAY"),
            "filters": [Filter("to", _("Note to"), str(person.pk), [(str(u.pk), str(u)) for u in people])]
            if people
            else [],
            "note": note,
            "person": person,
            "may_test": request.user.is_ops,
        },
    )


def _person(request: HttpRequest, people: list[User]) -> User:
    wanted = request.GET.get("to", "")
    if not request.user.is_ops:
        return request.user
    if not wanted:
        return people[0] if people else request.user
    found = next((user for user in people if str(user.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


def _test(request: HttpRequest, note: object, person: User) -> HttpResponse:
    if note is None:
        messages.error(request, _("There is nothing to say to %(who)s, so nothing was sent.") % {"who": person})
    else:
        note_send(user=request.user, note=note, key=f"quality-test-{uuid.uuid4()}")
        messages.success(request, _("The note to %(who)s was sent to you, in the ways you chose.") % {"who": person})
    return redirect(request.get_full_path())
