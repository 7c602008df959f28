"""`relier match`: print which unit each text of a file may mean, and write what a person has to review."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pipelines.declared import Home, home_path


def match(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file that names units.")],
    source: Annotated[str | None, typer.Option(help="Whose file it is; default: by its name.")] = None,
    column: Annotated[str | None, typer.Option(help="The column of the units; default: as declared.")] = None,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="Words that tell no unit (Trust); may be repeated.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Bring exact names into unit_aliases.csv; ask the others as TODO.")
    ] = False,
    accept_cleaned: Annotated[
        bool, typer.Option("--accept-cleaned", help="With --write: answer cleaned names too, once reviewed.")
    ] = False,
    home: Annotated[Path | None, typer.Option("--home", help="The organisation's folder.")] = None,
) -> None:
    """Propose a unit for each text of a file that has none, exact or to review; only --write writes."""
    # the readers take a second to load: only here
    from pipelines.declared.lines import TODO
    from pipelines.ingest import FileProblem
    from pipelines.onboarding import matching

    if home is not None:
        os.environ["RELIER_HOME"] = str(home.resolve())
    loaded = Home.load(home_path())
    if accept_cleaned and not write:
        raise _refused("--accept-cleaned answers lines, which only --write brings into unit_aliases.csv")
    try:
        found = matching.match_units(
            loaded, file, source or matching.source_of(loaded, file), column, ignore or ()
        )
    except FileProblem as problem:
        raise _refused(f"{file.name}: {problem}") from None
    except matching.NotMatchedError as error:
        raise _refused(str(error)) from None
    for line in matching.lines_of(found):
        typer.echo(line)
    if not found.matches:
        return
    where = f"{loaded.path.name}/declarations/{matching.ALIASES}"
    if not write:
        typer.echo(
            f"Nothing is written; --write brings exact names into {where} and asks the others there as TODO"
        )
        return
    answers = matching.answers_of(found, accept_cleaned)
    answered, added = matching.write_aliases(loaded, found.source, answers)
    open_ones = sum(code == TODO for code in answers.values())
    typer.echo(f"{where}: {answered} lines answered, {added} added; {open_ones} texts still say TODO")
    if accepted := found.of("cleaned") if accept_cleaned else ():
        typer.echo(f"{len(accepted)} cleaned names were accepted without a look at each")
    elif found.of("cleaned"):
        typer.echo(
            "Write the code of each cleaned name in the place of TODO, or accept all with --accept-cleaned"
        )


def _refused(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)
