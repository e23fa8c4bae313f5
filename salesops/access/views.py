from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from salesops.access.forms import ProfileForm


def profile(request: HttpRequest) -> HttpResponse:
    """Own name, zone, theme; ways to password, second factor and API token."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        response = redirect("profile")
        response.delete_cookie("theme")
        return response
    return render(request, "salesops/profile.html", {"form": form})
