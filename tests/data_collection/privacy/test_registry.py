"""A new text, JSON or file field must say what erasing a person does with it."""

from data_collection.privacy.registry import RULES, classes_of, models_kept, text_fields


def test_every_field_that_can_hold_words_is_classified() -> None:
    missing = [
        f"{model._meta.label}.{field.name}"
        for model in models_kept()
        for field in text_fields(model)
        if field.name not in classes_of(model) and not field.primary_key
    ]
    assert not missing, f"say in privacy/registry.py what these may hold of a person: {missing}"


def test_the_registry_names_only_what_exists() -> None:
    kept = {model._meta.label: {f.name for f in model._meta.concrete_fields} for model in models_kept()}
    assert not set(RULES) - set(kept)
    wrong = [(label, name) for label, fields in RULES.items() for name in fields if name not in kept[label]]
    assert not wrong
