"""Exports never mapped before become sources by answering the questions of their draft, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declared import Home
from pipelines.onboarding.check import check
from tests.unit.onboarding.homes import answer, drafted_into, empty_home

pytestmark = pytest.mark.real

# file: kind, records, accepted, what the draft must have seen
FILES = {
    "employee/civil_service/csps2009_allorganisations_20140213.csv": ("measures", 94, 94, "unit: Organisation"),
    "employee/civil_service/csps2010allorganisations_tcm6-38334.csv": ("measures", 103, 103, "unit: Organisation"),
    "employee/civil_service/csps2012_allorganisations_20130201.csv": ("measures", 97, 97, 'code: "2012"'),
    "customer/sfo/2013_SFO_Customer_Survey_20250817.csv": ("responses", 3535, 3535, "weight: WEIGHT"),
    "customer/sfo/2014_SFO_Customer_Survey_20250817.csv": ("responses", 2818, 2818, 'code: "2014"'),
    "customer/gp_fft/gp_fft_ratings_only_DERIVED.csv": ("responses", 3882, 3882, "Extremely likely: 5"),
    "customer/nhs_comments/v6framework_230831.csv": ("responses", 7908, 7619, "time_formats: [TODO]"),
    "employee/fevs/fevs_2021_report_by_agency.xlsx": ("measures", 1344, 1344, "plus: [Agree]"),
    "employee/fevs/fevs_2023_report_by_agency.xlsx": ("measures", 3157, 3157, 'question: "@sheet"'),
    "exports/stacks_community_survey_2020.csv": ("responses", 69, 69, '"No, I don\'t want to participate in governance"'),
    "exports/stacks_community_survey_2020.xlsx": ("responses", 69, 69, "sheet: Stacks Gov Community Survey"),
    "exports/qualtrics_sample_DE_3headers.csv": ("responses", 1, 1, "format: qualtrics_csv"),
    "exports/qualtrics_sample_legacy.csv": ("responses", 1, 1, "submitted_at: V9"),
    "exports/apha_cpd_survey_DERIVED_from_rda.csv": ("responses", 237, 237, "Very likely: 5"),
    "supplier/scms_delivery_history_usaid.csv": ("events", 10324, 10324, "promised: scheduled delivery date"),
    "nhs_trusts/staff_survey_2021_2024_trusts.csv": ("measures", 1075, 1075, "wave: Year"),
    "nhs_trusts/ae_trust_monthly_2021on.csv": ("measures", 7895, 7895, "submitted_at: date"),
    "nhs_trusts/inpatient_survey_2023_mlm_rankings.xlsx": ("measures", 1980, 1965, "unit: grp"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_real_export_is_declared_by_answering_questions(tmp_path: Path, real: Path, name: str) -> None:
    kind, records, accepted, seen = FILES[name]
    home, file = empty_home(tmp_path), real / name
    made = drafted_into(home, file)
    assert f"kind: {kind}\n" in made.text
    assert seen in made.text
    assert "answer the question" in str(Home.load(home).drafts[0])
    report = check(file, answer(home, made))
    assert (report["records"], report["would_be_accepted"]) == (records, accepted), report["verdict"]
    assert report["accepted"], report["verdict"]


def test_a_ledger_needs_no_question_but_its_chart(tmp_path: Path, real: Path) -> None:
    home, file = empty_home(tmp_path), real / "finance/fec/0000000001FEC20220831.txt"
    made = drafted_into(home, file)
    assert "TODO" not in made.text.replace("Answer every TODO", "")
    report = check(file, Home.load(home))
    assert report["verdict"].startswith("held: no_chart_of_accounts")
    (home / "declarations" / "finance.yml").write_text("charts:\n  - {fiscal_years: [2021, 2022]}\n")
    report = check(file, Home.load(home))
    assert report["accepted"], report["verdict"]
    assert report["records"] == report["would_be_accepted"] == 5422
