"""Everything Dagster shows of a home: assets, checks, two jobs, a schedule, a sensor. `RELIER_HOME` names the home."""

import dagster as dg
from dagster_dbt import build_dbt_asset_selection

from pipelines.assets.landing import declarations, landing_files, landing_sensor
from pipelines.assets.published import published_assets
from pipelines.assets.raw import ledger_lines, measures, responses
from pipelines.assets.warehouse import dbt_models
from pipelines.checks import audits, promises
from pipelines.declared import Home, home_path
from pipelines.resources import Warehouse, dbt_project, dbt_resource

home = Home.load(home_path())
project = dbt_project(home.path)
models = dbt_models(project)
marts = sorted(key for key in models.keys if key.path[0] == "marts")
warehouse = Warehouse(home_path=str(home.path))

refresh = dg.define_asset_job(
    "refresh",
    dg.AssetSelection.all(),
    description="Landing to scorecard: claim, decode, check, build, audit, publish.",
)
lineage = dg.define_asset_job(
    "lineage",
    build_dbt_asset_selection([models]).without_checks(),
    config={"ops": {"warehouse": {"config": {"column_lineage": True}}}},
    description="The same dbt build, telling which column comes from which.",
)
schedule = dg.ScheduleDefinition(
    job=refresh,
    cron_schedule=home.organisation.schedule,
    execution_timezone=home.organisation.time_zone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="From organisation.yml.",
)

defs = dg.Definitions(
    assets=[landing_files, declarations, responses, measures, ledger_lines, models, *published_assets(marts)],
    asset_checks=[*promises(home), *audits()],
    jobs=[refresh, lineage],
    schedules=[schedule],
    sensors=[landing_sensor(refresh, warehouse)],
    resources={"warehouse": warehouse, "dbt": dbt_resource(project)},
    executor=dg.in_process_executor,  # DuckDB has one writer, and ten steps take 1 s instead of 15
)
