"""Forms for effective-dated rows: overlaps are explained, and a whole list can change at once."""

from itertools import combinations
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext as _

from salesops.effective.clashes import both_clash, check_dated, describe, exclusions, span_words, subject_fields


class EffectiveForm(forms.ModelForm):
    #: Rows that change in the same submit; the formset judges those itself.
    judged_elsewhere: frozenset[int] = frozenset()

    def _post_clean(self) -> None:
        """The form's own check of the constraints takes the place of the model's, which can't name the other row."""
        self.instance.validate_constraints = self._check_constraints
        try:
            super()._post_clean()
        finally:
            del self.instance.validate_constraints

    def _check_constraints(self, exclude: set[str]) -> None:
        check_dated(self.instance, ignore=self.judged_elsewhere, exclude=exclude, unreadable=self._errors or ())


class EffectiveFormSet(BaseInlineFormSet):
    """Judges overlaps by what the rows will be, so one submit may end a row and begin the next."""

    _saving = False

    def _construct_form(self, i: int, **kwargs: Any) -> forms.ModelForm:
        form = super()._construct_form(i, **kwargs)
        if isinstance(form, EffectiveForm):
            form.judged_elsewhere = frozenset(row.pk for row in self.get_queryset())
        return form

    def clean(self) -> None:
        super().clean()
        kept = [
            form
            for form in self.forms
            if form.is_valid() and not self._should_delete_form(form) and (form.instance.pk or form.has_changed())
        ]
        for first, second in combinations(kept, 2):
            if not (first.has_changed() or second.has_changed()):
                continue
            for constraint in exclusions(self.model):
                if both_clash(constraint, first.instance, second.instance):
                    other = first.instance
                    words = _("%(rule)s Also in this list: %(what)s, %(span)s.") % {
                        "rule": constraint.get_violation_error_message(),
                        "what": describe(other, subject_fields(constraint)),
                        "span": span_words(other.valid_from, other.valid_to),
                    }
                    second.add_error(None, ValidationError(words, code="overlap"))

    @property
    def initial_forms(self) -> list[forms.ModelForm]:
        """While saving: rows deleted or made shorter first, so that no moment has an overlap."""
        found = super().initial_forms
        return sorted(found, key=self._save_order) if self._saving else found

    def save_existing_objects(self, commit: bool = True) -> list:
        self._saving = True
        try:
            return super().save_existing_objects(commit)
        finally:
            self._saving = False

    def _save_order(self, form: forms.ModelForm) -> int:
        if self._should_delete_form(form):
            return 0
        start, end = form.initial.get("valid_from"), form.initial.get("valid_to")
        row = form.instance
        if start is None or row.valid_from is None:
            return 2
        shorter = row.valid_from >= start and (end is None or (row.valid_to is not None and row.valid_to <= end))
        return 1 if shorter else 2
