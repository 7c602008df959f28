"""Everything Dagster shows of a home: assets, checks, jobs, a schedule, sensors. `RELIER_HOME` names the home."""

import dagster as dg
from dagster_dbt import build_dbt_asset_selection

from pipelines import automation
from pipelines.assets.landing import declarations, landing_files
from pipelines.assets.published import published_assets
from pipelines.assets.raw import events, ledger_lines, measures, responses
from pipelines.assets.warehouse import dbt_models
from pipelines.assets.waves import wave_asset
from pipelines.checks import audits, freshness_checks, promises
from pipelines.declared import Home, home_path
from pipelines.resources import Warehouse, dbt_project, dbt_resource

home = Home.load(home_path())
project = dbt_project(home.path)
models = dbt_models(project)
marts = sorted(key for key in models.keys if key.path[0] == "marts")
warehouse = Warehouse(home_path=str(home.path))

waves = wave_asset(home)
everything = dg.AssetSelection.all() - dg.AssetSelection.assets(waves)
refresh = dg.define_asset_job(
    "refresh",
    everything,
    hooks={automation.told_at_once},
    description="Landing to scorecard: claim, decode, check, build, audit, publish.",
)
replay = dg.define_asset_job(
    "replay",
    everything,
    config=automation.replay_config,
    hooks={automation.told_at_once},
    description="The same, decoding again the files named in `files` and the waves named in `waves`.",
)
lineage = dg.define_asset_job(
    "lineage",
    build_dbt_asset_selection([models]).without_checks(),
    config={"ops": {"warehouse": {"config": {"column_lineage": True}}}},
    description="The same dbt build, telling which column comes from which.",
)
defs = dg.Definitions(
    assets=[
        *(landing_files, declarations, responses, events, measures, ledger_lines, waves, models),
        *published_assets(marts),
    ],
    asset_checks=[*promises(home), *audits(), *freshness_checks(home)],
    jobs=[refresh, replay, lineage],
    schedules=[automation.declared_schedule(refresh, home)],
    sensors=[
        automation.landing_sensor(refresh, warehouse),
        automation.lateness_sensor(warehouse),
        automation.failure_sensor(warehouse),
    ],
    resources={"warehouse": warehouse, "dbt": dbt_resource(project)},
    executor=dg.in_process_executor,  # DuckDB has one writer, and ten steps take 1 s instead of 15
)
