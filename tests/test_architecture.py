"""The house rules a machine can judge: who imports whom, what a layer reads, how long a file may grow."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipelines.declared.sources import Item

REPO = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text())
LOCK = (REPO / "requirements.lock").read_text()

# What a dbt layer may read. `declared` is what the home says: read from anywhere; `raw` belongs to staging.
MAY_READ = {
    "staging": {"raw", "declared"},
    "intermediate": {"staging", "intermediate", "declared"},
    "analytics": {"intermediate", "analytics", "declared"},
    "marts": {"intermediate", "analytics", "marts", "declared"},
}

KINDS = {"responses", "events", "measures", "ledger"}

# Runtime dependencies that no line imports, and what they are there for.
USED_WITHOUT_IMPORT = {
    "dagster-webserver": "`dagster dev` serves its screens with it",
    "dbt-core": "run as a program by dagster-dbt",
    "dbt-duckdb": "dbt's adapter",
    "duckdb-engine": "SQLAlchemy's dialect, which Great Expectations connects with",
    "sqlalchemy": "pinned below the version that duckdb-engine breaks on",
}


def ours() -> list[Path]:
    """Every file that is, or would be, committed."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=REPO, capture_output=True, text=True, check=True).stdout.split("\0")
    return [REPO / name for name in names if name and (REPO / name).is_file()]


def python_files(*folders: str) -> list[Path]:
    return [path for path in ours() if path.suffix == ".py" and path.relative_to(REPO).parts[0] in folders]


def show(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


# ---- imports -----------------------------------------------------------------------------------------------


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_go_one_way() -> None:
    done = lint_imports(REPO)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("pipelines/stats/__init__.py", "import duckdb", "are pure"),
        ("pipelines/stats/__init__.py", "import pipelines.ingest", "One way down"),
        ("pipelines/declared/__init__.py", "import pipelines.resources", "One way down"),
        ("pipelines/nowhere.py", "", "One way down"),
        ("dashboards/snapshot.py", "import pipelines.declared", "published file only"),
    ],
)
def test_a_forbidden_import_is_caught(tmp_path: Path, module: str, line: str, contract: str) -> None:
    for name in ("pipelines", "dashboards"):
        shutil.copytree(REPO / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / "pyproject.toml", tmp_path)
    with open(tmp_path / module, "a") as file:
        file.write(f"\n{line}\n")

    done = lint_imports(tmp_path)

    assert done.returncode == 1
    assert re.search(f"{contract}.* BROKEN", done.stdout), done.stdout


def imported(path: Path) -> Iterator[str]:
    """Top-level names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def declared_dependencies(development: bool) -> set[str]:
    lines = PROJECT["project"]["dependencies"] + (PROJECT["dependency-groups"]["dev"] if development else [])
    return {canonicalize_name(Requirement(line).name) for line in lines}


def undeclared(folders: tuple[str, ...], dependencies: set[str]) -> list[str]:
    known = packages_distributions()
    local = {name for path in ours() if path.suffix == ".py" for name in (path.stem, path.parent.name)}
    return [
        f"{show(path)} imports {name}"
        for path in python_files(*folders)
        for name in sorted(set(imported(path)))
        if name not in sys.stdlib_module_names | local
        and not dependencies & {canonicalize_name(owner) for owner in known.get(name, [])}
    ]


def test_what_runs_imports_declared_dependencies_only() -> None:
    assert undeclared(("pipelines", "dashboards"), declared_dependencies(development=False)) == []


def test_what_develops_imports_declared_dependencies_only() -> None:
    folders = ("tests", "tools", "benchmarks", "examples")
    assert undeclared(folders, declared_dependencies(development=True)) == []


def test_every_runtime_dependency_is_used() -> None:
    known = packages_distributions()
    names = {name for path in python_files("pipelines", "dashboards", "examples") for name in imported(path)}
    used = {canonicalize_name(owner) for name in names for owner in known.get(name, [])}
    assert declared_dependencies(development=False) - used - set(USED_WITHOUT_IMPORT) == set()


# ---- size and place ----------------------------------------------------------------------------------------


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_files_stay_short() -> None:
    assert [show(path) for path in ours() if path.suffix == ".py" and lines_of(path) >= 400] == []


def test_definitions_are_a_table_of_contents() -> None:
    assert lines_of(REPO / "pipelines" / "definitions.py") <= 60


def test_a_page_fits_on_a_screen() -> None:
    pages = python_files("dashboards")
    assert any(page.parent.name == "app_pages" for page in pages)
    assert [show(page) for page in pages if page.parent.name == "app_pages" and lines_of(page) > 100] == []


def sql_in(path: Path) -> list[int]:
    """Lines of the string literals that hold a query; documentation is not one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in prose
        and re.search(r"\bselect\b.+\bfrom\b|\bfrom (mart|meta)\.", node.value, re.IGNORECASE | re.DOTALL)
    ]


def test_only_the_snapshot_module_queries() -> None:
    files = python_files("dashboards")
    asking = {path.relative_to(REPO).parent for path in files if "duckdb" in imported(path) or sql_in(path)}
    assert asking == {Path("dashboards/snapshot")}


# ---- dbt ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The project as dbt parses it; no home is needed."""
    target = tmp_path_factory.mktemp("dbt")
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "parse"]
    folders = {
        "--project-dir": "dbt_project",
        "--profiles-dir": "dbt_project",
        "--target-path": target,
        "--log-path": target,
    }
    options = [str(word) for pair in folders.items() for word in pair]
    environment = {**os.environ, "RELIER_WAREHOUSE": ":memory:"}
    done = subprocess.run(
        [*command, *options], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return found


def models(manifest: dict[str, Any], layer: str | None = None) -> list[dict[str, Any]]:
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and layer in (None, node["fqn"][1])
    ]


def test_each_layer_reads_the_ones_it_may(manifest: dict[str, Any]) -> None:
    layer_of = {node["unique_id"]: node["fqn"][1] for node in models(manifest)}
    layer_of |= {source["unique_id"]: source["source_name"] for source in manifest["sources"].values()}
    assert {"staging", "intermediate", "marts", "raw", "declared"} <= set(layer_of.values())
    assert [
        f"{node['name']} reads {read}"
        for node in models(manifest)
        for read in node["depends_on"]["nodes"]
        if layer_of[read] not in MAY_READ[node["fqn"][1]]
    ] == []


def test_names_say_the_layer(manifest: dict[str, Any]) -> None:
    prefixes = {
        "staging": "stg_",
        "intermediate": "int_",
        "analytics": "fit_",
        "marts": ("dim_", "fct_", "scorecard_"),
    }
    assert [
        node["name"] for node in models(manifest) if not node["name"].startswith(prefixes[node["fqn"][1]])
    ] == []


def test_every_mart_promises_and_describes_its_columns(manifest: dict[str, Any]) -> None:
    marts = models(manifest, "marts")
    assert marts
    for mart in marts:
        assert mart["config"]["contract"]["enforced"], mart["name"]
        assert mart["description"].strip(), mart["name"]
        assert mart["columns"], mart["name"]
        for column in mart["columns"].values():
            assert column["description"].strip(), f"{mart['name']}.{column['name']}"
            assert column["data_type"], f"{mart['name']}.{column['name']}"


def test_every_mart_has_a_test_of_its_key(manifest: dict[str, Any]) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "unique" in node.get("test_metadata", {}).get("name", "")
    }
    assert [mart["name"] for mart in models(manifest, "marts") if mart["unique_id"] not in tested] == []


# ---- nothing of one organisation, one machine or one registry ----------------------------------------------


def codes_of_the_examples() -> set[str]:
    """Codes of the examples' sources and units, and of the default dimensions."""
    codes = {path.stem for path in (REPO / "examples").glob("*/declarations/sources/*.yml")}
    for table in (REPO / "examples").glob("*/declarations/units.csv"):
        codes |= {line.split(",")[0] for line in table.read_text(encoding="utf-8").splitlines()[1:] if line}
    framework = yaml.safe_load(
        (REPO / "pipelines/declared/defaults/framework.yml").read_text(encoding="utf-8")
    )
    return (codes | set(framework["dimensions"])) - set(framework["kpis"]) - KINDS


def test_code_names_no_source_unit_or_dimension() -> None:
    """An organisation is declared; what it calls things is written nowhere else."""
    # a dimension may be called like a key of the declarations ("values"): the key is grammar
    codes = codes_of_the_examples() - set(Item.model_fields)
    assert len(codes) > 20
    quoted = re.compile(rf"""(['"])({"|".join(map(re.escape, sorted(codes)))})\1""")
    named = [
        f"{show(path)}: {found.group()}"
        for path in ours()
        if path.suffix in {".py", ".sql"}
        and path.relative_to(REPO).parts[0] in {"pipelines", "dashboards", "dbt_project"}
        for found in quoted.finditer(path.read_text(encoding="utf-8"))
    ]
    assert named == []


def registry_hosts() -> re.Pattern[str]:
    """Hosts that packages are commonly served from, and those that this machine is told to use."""
    told = " ".join(value for name, value in os.environ.items() if "INDEX" in name or "REGISTRY" in name)
    configured = re.findall(r"https?://(?:[^/\s]*@)?([^/\s:]+)", told)
    return re.compile(
        "|".join(
            [
                r"pypi\.[a-z]",
                r"python" + r"hosted",
                r"registry\.npm",
                r"deb\.debian",
                *map(re.escape, configured),
            ]
        )
    )


def test_no_registry_host_and_no_path_of_a_machine_is_written_down() -> None:
    hosts = registry_hosts()
    machine = re.compile(r"/(root|home|work|farm|Users)/[A-Za-z.]")
    found = []
    for path in ours():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [
            f"{show(path)}: {hit.group()}" for pattern in (hosts, machine) for hit in pattern.finditer(text)
        ]
    assert found == []


def test_the_lock_is_hashed_and_free_of_hosts() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(entries) > 100
    assert [entry.split()[0] for entry in entries if not re.match(r"[\w.\[\],-]+==\S+", entry)] == []
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert not re.search(r"://|index-url|find-links", LOCK)


def test_the_lock_answers_pyproject() -> None:
    """Otherwise `make lock` is due: a dependency is missing from the lock, or locked out of its range."""
    locked = {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([^\s;]+)", LOCK, re.MULTILINE)
    }
    wanted = map(Requirement, PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"])
    stale = [
        str(need)
        for need in wanted
        if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0"), True)
    ]
    assert stale == []


# ---- honest tests ------------------------------------------------------------------------------------------


def test_nothing_is_silenced_without_its_reason() -> None:
    bare = re.compile(r"#\s*noqa(?!: ?[A-Z]+\d+)|#\s*type: ignore(?!\[)|except( Exception)?:\s*\n\s*pass\b")
    assert [
        f"{show(path)}: {hit.group().strip()}"
        for path in python_files("pipelines", "dashboards", "tools", "benchmarks", "tests", "examples")
        for hit in bare.finditer(path.read_text(encoding="utf-8"))
    ] == []


def test_only_tests_of_real_files_may_step_aside() -> None:
    aside = re.compile(r"\b(skip|skipif|xfail|importorskip)\(|time\.sleep\(")
    stepping = {
        show(path): text
        for path in python_files("tests")
        if path != Path(__file__).resolve() and aside.search(text := path.read_text(encoding="utf-8"))
    }
    assert [
        name for name, text in stepping.items() if "RELIER_REAL" not in text or "time.sleep(" in text
    ] == []
