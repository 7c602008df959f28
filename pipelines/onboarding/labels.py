"""Value labels of an SPSS file as a questionnaire: the same variables, with wording, answers and user-missing codes."""

from __future__ import annotations

from pathlib import Path

from pipelines.ingest import FileProblem
from pipelines.ingest.sav import Variable, describe_sav
from pipelines.onboarding.wording import (
    Option,
    Question,
    QuestionnaireError,
    Wording,
    number,
    plain,
    read_questionnaire,
)


def read_labels(path: Path) -> Wording:
    """The questionnaire in a .sav file; raises QuestionnaireError for anything else."""
    try:
        variables = describe_sav(read_questionnaire(path))
    except FileProblem as problem:
        raise QuestionnaireError(f"{path.name} is no SPSS file that can be read: {problem}") from None
    return Wording(path.name, tuple(_question(variable) for variable in variables))


def _question(variable: Variable) -> Question:
    codes = sorted(variable.labels, key=lambda code: (number(code) is None, number(code) or 0.0, code))
    options = tuple(
        Option(
            code,
            {"": plain(variable.labels[code])},
            number(code),
            "blank" if variable.is_missing(code) else None,
        )
        for code in codes
    )
    return Question((variable.name,), {"": plain(variable.label)} if variable.label else {}, options)
