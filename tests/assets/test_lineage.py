"""The lineage job, on a home of its own."""

from __future__ import annotations

from types import ModuleType

import dagster as dg
import pytest

from pipelines.declared import Home
from tests.assets import test_operations
from tests.unit.declared.homes import write_home
from tests.unit.operations_home import answers, put

definitions, instance = test_operations.definitions, test_operations.instance


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.load(write_home(tmp_path_factory.mktemp("traced") / "essai", {}))
    (home.restricted / "dagster").mkdir(parents=True)
    put(home, "hr_2025Q1.csv", answers(1, 40, strays=False))
    return home


def test_the_lineage_job_tells_columns(definitions: ModuleType, instance: dg.DagsterInstance) -> None:
    done = definitions.defs.resolve_job_def("lineage").execute_in_process(
        instance=instance, raise_on_error=False
    )
    assert done.success
    found = [
        event.materialization.metadata["dagster/column_lineage"].value
        for event in done.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["marts", "fct_kpi_values"])
        and "dagster/column_lineage" in event.materialization.metadata
    ]
    assert len(found) == 1
    assert found[0].deps_by_column["value"]
