"""Warehouse: one dbt build makes everything from raw to marts, with its tests as checks."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from pipelines.assets.landing import OWNERS
from pipelines.failpoints import failpoint
from pipelines.resources import Warehouse, dbt_resource, dbt_target
from pipelines.retries import RETRY, passing_trouble_only
from pipelines.warehouse import reading, write_declared, write_raw


class BuildConfig(dg.Config):
    """`column_lineage` asks dbt for it: 6 to 8 s more, so a job of its own does."""

    column_lineage: bool = False


class Translator(DagsterDbtTranslator):
    """Asset keys are [layer, name], groups are layers; every `declared` table is the one asset of declarations."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_duplicate_source_asset_keys=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey([self.get_group_name(dbt_resource_props), dbt_resource_props["name"]])
        if dbt_resource_props["source_name"] == "declared":
            return dg.AssetKey(["declared", "declarations"])
        if dbt_resource_props["name"] == "files":
            return dg.AssetKey(["landing", "files"])
        return dg.AssetKey(["raw", dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["fqn"][1])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        return OWNERS


def failures(results: Mapping[str, Any]) -> list[str]:
    """`name: status` of every node of run_results that did not succeed."""
    return [
        f"{result['unique_id'].split('.')[2]} ({result['status']})"
        for result in results["results"]
        if result["status"] not in {"success", "pass"}
    ]


def dbt_models(project: DbtProject) -> dg.AssetsDefinition:
    """Every model of the project as an asset."""

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        dagster_dbt_translator=Translator(),
        name="warehouse",
        retry_policy=RETRY,
    )
    def build(
        context: dg.AssetExecutionContext, config: BuildConfig, warehouse: Warehouse, dbt: DbtCliResource
    ) -> Iterator[Any]:
        home = warehouse.home
        with warehouse.ledger() as ledger, passing_trouble_only():
            write_raw(home, ledger, "accepted")
            failpoint("warehouse.pointed")
            write_declared(home)
        failpoint("warehouse.declared")
        target = dbt_target(home.path) / "build"
        if config.column_lineage:
            telling = dbt_resource(project, quick=False).cli(["build"], context=context, target_path=target)
            yield from telling.stream().fetch_column_metadata()
            return
        invocation = dbt.cli(["build"], context=context, target_path=target, raise_on_error=False)
        # dbt holds the file until it ends: rows are counted after, and told with each materialization.
        events = list(invocation.stream())
        if not invocation.is_successful():
            try:
                broken = failures(invocation.get_artifact("run_results.json"))
            except FileNotFoundError:
                broken = []
            yield from (event for event in events if isinstance(event, dg.AssetCheckResult))
            raise dg.Failure(
                description=f"dbt build failed: {', '.join(broken[:8]) or 'see the run log'}",
                allow_retries=False,
            )
        (target / "built_by").write_text(context.run.run_id)
        failpoint("warehouse.built")
        with reading(home) as connection:
            rows = {
                (schema, name): connection.execute(f'select count(*) from "{schema}"."{name}"').fetchone()[0]  # type: ignore[index]
                for schema, name in connection.execute(
                    "select table_schema, table_name from information_schema.tables"
                    " where table_schema not in ('raw', 'declared')"
                ).fetchall()
            }
        for event in events:
            yield _counted(event, rows)

    return build


def _counted(event: Any, rows: Mapping[tuple[str, str], int]) -> Any:
    """The same event with its table's row count, when it is about a table."""
    if not isinstance(event, dg.Output):
        return event
    model = str(event.metadata["unique_id"].value).rsplit(".", 1)[-1] if "unique_id" in event.metadata else ""
    count = next((count for (_, name), count in rows.items() if name == model), None)
    if count is None:
        return event
    return event.with_metadata({**event.metadata, "dagster/row_count": dg.IntMetadataValue(count)})
