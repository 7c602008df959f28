"""A unit named as its alias but for case or marks is joined, and the file says so."""

from __future__ import annotations

from tests.unit.ingest.conftest import Decode

FILE = "id,unit,Q1\n1,LY,3\n2,ly,4\n3,Ly.,5\n4,PA,1\n5,ly,2\n"


def test_names_that_are_an_alias_but_for_case_or_marks_are_told_once(read: Decode) -> None:
    decoded = read(FILE)
    assert decoded.table["unit_code"].to_pylist() == ["lyon", "lyon", "lyon", "paris", "lyon"]
    told = 'units named as their alias but for case or marks: "Ly." as lyon, "ly" as lyon; `relier match` lists them'
    assert decoded.warnings == [told]


def test_names_as_they_are_declared_need_no_warning(read: Decode) -> None:
    assert read("id,unit,Q1\n1, LY ,3\n2,P\xa0A,1\n", aliases={"LY": "lyon", "P A": "paris"}).warnings == []
