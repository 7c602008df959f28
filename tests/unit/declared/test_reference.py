"""The reference of declarations is whole and current."""

from __future__ import annotations

import yaml

from pipelines.declared.models import DERIVED_METHODS
from tests.conftest import REPO
from tools import methods_page
from tools.declaration_reference import TARGET, declared, page


def test_every_key_is_explained_and_nothing_else() -> None:
    words = yaml.safe_load((REPO / "tools/declared_keys.yml").read_text(encoding="utf-8"))
    assert {name: sorted(keys) for name, keys in words.items()} == {
        name: sorted(model.model_fields) for name, model in declared().items()
    }


def test_the_page_is_what_the_models_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == page(), "run `python -m tools.declaration_reference`"


def test_the_methods_are_what_the_framework_says() -> None:
    assert methods_page.TARGET.read_text(encoding="utf-8") == methods_page.page(), (
        "run `python -m tools.methods_page`"
    )


def test_every_derived_method_is_computed_and_explained() -> None:
    assert set(methods_page.DERIVATIONS) == DERIVED_METHODS
    assert all((derivation.__doc__ or "").strip() for derivation in methods_page.DERIVATIONS.values())
