"""Tables as people have them: ids are text as written, and what is not exact is asked for."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from core.cli import main
from core.collection import (
    Curation,
    MatchedTable,
    MatchingSettings,
    ids_where,
    match_table,
    read_labels,
    read_metadata,
    table_of_file,
)
from core.embeddings import read_embeddings
from core.foundation import InputError, SettingError
from core.storage import Value, read_table
from core.workspace import Catalogue, Workspace, open_workspace

TRIANGLE = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"
TEETH = [f"tooth_{number}" for number in range(1, 6)]
Import = Callable[..., tuple[int, Mapping[str, Mapping[str, Value]]]]


@pytest.fixture
def bring_in(tmp_path: Path) -> Import:
    """Return a function that imports a table into an empty workspace, and gives status and metadata."""

    def command(ids: Sequence[str], file: Path, *flags: str) -> tuple[int, Mapping[str, Mapping[str, Value]]]:
        made: Workspace = open_workspace(tmp_path / "data")
        for name in ids:
            path = made.meshes / f"{name}.off"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(TRIANGLE)
        status = main(["metadata", "--workspace", str(made.root), "--file", str(file), *flags])
        return status, read_metadata(Catalogue(made.catalogue_path))

    return command


def matched(tmp_path: Path, text: str, ids: Sequence[str], **how: str) -> MatchedTable:
    """Match a CSV to specimens with files of their names."""
    (tmp_path / "m.csv").write_text(text, encoding="utf-8")
    specimens = {name: f"{name.rpartition('/')[2]}.ply" for name in ids}
    settings = MatchingSettings(**how)
    return match_table(Catalogue(tmp_path / "c.sqlite"), read_table(tmp_path / "m.csv"), specimens, settings)


@pytest.mark.parametrize(
    ("file", "ids", "status", "right"),
    [
        (
            "one_typo.csv",
            TEETH,
            3,
            {
                "tooth_1": {"genus": "Tarsius", "n_cusps": 3},
                "tooth_2": {"genus": "Lemur", "n_cusps": 4},
                "tooth_3": {"genus": "Indri", "n_cusps": 5},
                "tooth_4": {"genus": "Galago", "n_cusps": 2},
            },
        ),
        ("ten.csv", ["1.1", "1.2", "1.10"], 0, {"1.10": {"period": "Triassic"}, "1.2": {"period": "Permian"}}),
        ("exponent.csv", ["1E5", "12E3", "2D4"], 0, {"1E5": {"period": "Jurassic"}, "12E3": {"period": "Triassic"}}),
        (
            "thousand.csv",
            ["a", "b"],
            0,
            {"a": {"mass_g": "1.000", "length_mm": 12.5}, "b": {"mass_g": "2.500", "length_mm": 7.25}},
        ),
        ("sepline.csv", ["a", "b"], 0, {"a": {"period": "Jurassic"}, "b": {"period": "Eocene"}}),
    ],
)
def test_metadata__field_cases(
    shared: Path,
    bring_in: Import,
    file: str,
    ids: list[str],
    status: int,
    right: dict[str, dict[str, Value]],
) -> None:
    """Every row reaches the specimen whose id it has as text, or is named."""
    assert bring_in(ids, shared / "field_cases" / "18_metadata_ids" / file) == (status, right)


def test_metadata__ambiguous_thousands_are_told(
    shared: Path, bring_in: Import, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column that stays text because it can be read in two ways is named."""
    bring_in(["a", "b"], shared / "field_cases" / "18_metadata_ids" / "thousand.csv")
    assert "'mass_g' has numbers such as 1.000 that can be read in two ways; it stays text." in capsys.readouterr().err


def test_metadata__writes_nothing_but_exact_ids_without_yes(
    bring_in: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The way, the column, the rows and examples are shown, and the command to repeat."""
    (tmp_path / "m.csv").write_text("scan,n\ntooth_1.off,3\nTOOTH_2.OFF,4\ntooth_9.off,1\n")
    assert bring_in(TEETH, tmp_path / "m.csv") == (1, {})
    said = capsys.readouterr()
    assert "matched by file (column 'scan')" in said.out
    assert "2 of 3 rows fit by file" in said.out
    assert "'tooth_1.off' → tooth_1" in said.out
    assert "no such specimen" in said.err
    assert "--by=file --column=scan --yes" in said.err
    status, stored = bring_in(TEETH, tmp_path / "m.csv", "--yes")
    assert status == 3
    assert {name: fields["n"] for name, fields in stored.items()} == {"tooth_1": 3, "tooth_2": 4}


def test_metadata__ids_in_another_case_are_asked_for(bring_in: Import, tmp_path: Path) -> None:
    """One folded row among exact ones is enough to ask."""
    (tmp_path / "m.csv").write_text("id,n\ntooth_1,3\nTooth_2,4\n")
    assert bring_in(TEETH, tmp_path / "m.csv") == (1, {})
    assert bring_in(TEETH, tmp_path / "m.csv", "--yes") == (0, {"tooth_1": {"n": 3}, "tooth_2": {"n": 4}})


@pytest.mark.parametrize("ids", [["Tarsius/M1"], ["Tarsius/M1", "Tarsius/m1"], ["Tarsius/M1", "Tarsius/x_m1"]])
@pytest.mark.parametrize("by", ["auto", "id", "file"])
def test_match_table__upper_and_lower_molars_are_two(tmp_path: Path, ids: list[str], by: str) -> None:
    """No way takes m1 for M1."""
    rows = {"Tarsius/M1": "upper", "Tarsius/m1": "lower", "Tarsius/x_m1": "lower"}
    text = "specimen,jaw\n" + "".join(f"{name},{jaw}\n" for name, jaw in rows.items())
    found = matched(tmp_path, text, ids, by=by)
    assert {name: fields["jaw"] for name, fields in found.values.items()}.items() <= rows.items()
    assert found.values["Tarsius/M1"]["jaw"] == "upper"


@pytest.mark.parametrize("key", ["Tarsius/m1", "m1.ply", "tarsius/m1", "M₁", "lm1"])
def test_match_table__a_lower_molar_alone_is_no_upper_one(tmp_path: Path, key: str) -> None:
    """A fold that leads to the other jaw is none."""
    with pytest.raises(InputError, match="No row of"):
        matched(tmp_path, f"specimen,n\n{key},3\n", ["Tarsius/M1", "Lemur/LM1"])


@pytest.mark.parametrize(
    "counts", [["3", "4", "5", "2", "1"], ["3", "4", "5", "n/a", "1"], ["3.0", "4.0", "5.0", "2.0", "1.0"]]
)
@pytest.mark.parametrize(
    "names", [TEETH, [name.replace("_", " ") for name in TEETH], [f"{name}.ply" for name in TEETH]]
)
def test_match_table__counts_never_beat_names(tmp_path: Path, counts: list[str], names: list[str]) -> None:
    """Counts occur in the names of files by chance, also where the names are no exact ids."""
    names = [*names[:4], names[4].replace("tooth", "thooth")]
    text = "what,genus,n_cusps\n" + "".join(f"{name},G,{n}\n" for name, n in zip(names, counts, strict=True))
    found = matched(tmp_path, text, TEETH)
    assert found.column == "what"
    assert {name: str(fields["n_cusps"]) for name, fields in found.values.items()}.keys() == set(TEETH[:4])
    assert [row.line for row in found.not_matched] == [6]
    assert found.is_exact == (names[0] == "tooth_1")


def test_match_table__a_column_of_numbers_is_taken_if_it_is_asked_for(tmp_path: Path) -> None:
    """Numbers in a column of no telling name are refused, and the column is named."""
    text = "sample,n\n1.10,5\n1.2,6\n"
    ids = ["1.1", "1.2", "1.10"]
    with pytest.raises(InputError, match="The column 'sample' holds numbers"):
        matched(tmp_path, text, ids)
    found = matched(tmp_path, text, ids, column="sample")
    assert (found.values, found.is_exact) == ({"1.10": {"n": 5}, "1.2": {"n": 6}}, True)


def test_match_table__counts_that_are_ids_do_not_beat_the_column_of_ids(tmp_path: Path) -> None:
    """Ids that are numbers occur in every count."""
    text = "n_cusps,specimen\n3,1\n4,2\n5,3\n2,4\n1,55\n"
    found = matched(tmp_path, text, ["1", "2", "3", "4", "5"])
    assert found.values == {"1": {"n_cusps": 3}, "2": {"n_cusps": 4}, "3": {"n_cusps": 5}, "4": {"n_cusps": 2}}


def test_match_table__two_columns_of_ids_are_asked_for(tmp_path: Path) -> None:
    """If no name tells which of them is meant, none is taken unasked."""
    text = "tooth,antagonist\ntooth_1,tooth_2\ntooth_2,tooth_1\n"
    found = matched(tmp_path, text, TEETH)
    assert not found.is_exact
    assert any("'antagonist'" in remark for remark in found.notes)
    assert matched(tmp_path, text.replace("tooth,", "specimen,"), TEETH).is_exact


def test_match_table__an_exact_id_beats_every_fold(tmp_path: Path) -> None:
    """Of rows for one specimen, the one with its id counts; the others are named."""
    found = matched(tmp_path, "id,n\nA/Femur,1\nA/femur,2\nA\\FEMUR,3\n", ["A/Femur"])
    assert found.values == {"A/Femur": {"n": 1}}
    assert [row.key for row in found.ambiguous] == ["A/femur", "A\\FEMUR"]


def test_match_table__two_folds_of_one_specimen_are_none(tmp_path: Path) -> None:
    """A fold has to be unique in the table, too."""
    text = "id,n\nA/femur,2\nA/FEMUR,3\nA/Rib,4\n"
    found = matched(tmp_path, text, ["A/Femur", "A/Rib"])
    assert found.values == {"A/Rib": {"n": 4}}
    assert len(found.ambiguous) == 2


def test_match_table__a_known_folder_rules_others_out(tmp_path: Path) -> None:
    """Lemur/x1.ply is not Tarsius/x1 where there is a folder Lemur."""
    found = matched(tmp_path, "file,n\nLemur/x1.ply,1\nTarsius/y2.ply,2\n", ["Tarsius/x1", "Tarsius/y2", "Lemur/z3"])
    assert found.values.keys() == {"Tarsius/y2"}


def test_match_table__folders_above_the_collection_do_not_matter(tmp_path: Path) -> None:
    """Paths of another machine have more folders than the ids."""
    found = matched(tmp_path, "file,n\nD:\\scans\\Lemur\\M1.ply,3\n", ["Lemur/M1", "Lemur/m1", "Tarsius/M1"])
    assert found.values.keys() == {"Lemur/M1"}


def test_match_table__part_letters_belong_to_the_number(tmp_path: Path) -> None:
    """AMNH 7 is not AMNH 7a."""
    found = matched(tmp_path, "specimen,n\nAMNH 7,3\nAMNH 7b,4\n", ["amnh7a", "amnh7b_left"])
    assert found.values.keys() == {"amnh7b_left"}


def test_match_table__numbers_that_a_spreadsheet_changed_are_asked_for(tmp_path: Path) -> None:
    """7 may be 007, but 1.10 is never 1.1."""
    found = matched(tmp_path, "id,n\n7,1\n1.00E+05,2\n1.10,3\n", ["007", "1E5", "1.1"])
    assert not found.is_exact
    assert found.values == {"007": {"n": 1}, "1E5": {"n": 2}}
    assert [row.key for row in found.not_matched] == ["1.10"]


def test_read_table__excel_shows_ids_by_their_format(tmp_path: Path) -> None:
    """1.10, 007 and 1E5 are text as the spreadsheet shows it; values stay numbers."""
    book = openpyxl.Workbook()
    book.active.append(["id", "age"])
    for at, (value, form) in enumerate(
        [(1.1, "0.00"), (7, "000"), (217, '"AMNH "0'), (1.1, "General"), ("1.10", "General"), ("1E5", "@")], start=2
    ):
        book.active.append([value, at])
        book.active.cell(at, 1).number_format = form
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert table.texts(0) == ["1.10", "007", "AMNH 217", "1.1", "1.10", "1E5"]
    assert [row[1] for row in table.rows] == [2, 3, 4, 5, 6, 7]


def test_metadata__excel_ids_reach_their_specimens(bring_in: Import, tmp_path: Path) -> None:
    """A cell that is shown as 1.10 belongs to 1.10, though its number is 1.1."""
    book = openpyxl.Workbook()
    for row in (["id", "period"], [1.1, "Triassic"], [1.2, "Permian"]):
        book.active.append(row)
    book.active["A2"].number_format = "0.00"
    book.save(tmp_path / "t.xlsx")
    right = {"1.10": {"period": "Triassic"}, "1.2": {"period": "Permian"}}
    assert bring_in(["1.1", "1.2", "1.10"], tmp_path / "t.xlsx") == (0, right)


def test_read_table__dates_among_ids_are_told(tmp_path: Path) -> None:
    """A spreadsheet makes a date of 1-2."""
    book = openpyxl.Workbook()
    for row in (["id", "n"], ["1-52", 1], [datetime.date(2024, 2, 1), 2]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert any("dates and text in one column" in remark for remark in read_table(tmp_path / "t.xlsx").notes)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(
    "titles", [["Molars of 2023"], ["Molars; all, 2023", ""], ["Project,Molars", "By,A. Smith", ""]]
)
def test_read_table__titles_above_the_header_are_left_out_and_told(
    tmp_path: Path, separator: str, titles: list[str]
) -> None:
    """The header is the line with the names of columns."""
    rows = [
        *titles,
        *(separator.join(row) for row in (["specimen", "genus", "n"], ["a", "Lemur", "3"], ["b", "Indri", "4"])),
    ]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    table = read_table(tmp_path / "t.csv")
    assert table.columns == ("specimen", "genus", "n")
    assert table.rows == (("a", "Lemur", 3), ("b", "Indri", 4))
    assert any("above the header were left out" in remark for remark in table.notes)


def test_read_table__data_on_another_sheet(tmp_path: Path) -> None:
    """A cover is passed over, and the sheet that was read is named."""
    book = openpyxl.Workbook()
    book.active.append(["Project", "Molars"])
    book.active.append(["Author", "A. Smith"])
    sheet = book.create_sheet("data")
    for row in (["specimen", "genus", "n"], ["a", "Lemur", 3]):
        sheet.append(row)
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert (table.columns, table.rows) == (("specimen", "genus", "n"), (("a", "Lemur", 3),))
    assert "'data' was read" in table.notes[0]


def test_read_table__decimal_commas_beside_semicolons(tmp_path: Path) -> None:
    """As many commas as semicolons: every comma is a decimal comma."""
    (tmp_path / "t.csv").write_text("id;length,mm\na;12,5\nb;7,25\n")
    table = read_table(tmp_path / "t.csv")
    assert (table.columns, table.rows) == (("id", "length,mm"), (("a", 12.5), ("b", 7.25)))


def test_read_table__an_open_tie_of_separators_is_refused(tmp_path: Path) -> None:
    """Neither reading is better: the error says how to tell."""
    (tmp_path / "t.csv").write_text("id,a;b\nx,p;q\ny,r;s\n")
    with pytest.raises(InputError, match="Write sep=; or sep=, as the first line"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("sep=,\nid,a;b\nx,p;q\ny,r;s\n")
    assert read_table(tmp_path / "t.csv").columns == ("id", "a;b")


@pytest.mark.parametrize(
    ("cells", "right", "is_told"),
    [
        (["1.000,5", "1.000"], [1000.5, 1000], False),
        (["1,000.5", "1,000"], [1000.5, 1000], False),
        (["12,5", "1,000"], [12.5, 1.0], False),
        (["1.000,5", "1,000.5"], ["1.000,5", "1,000.5"], True),
        (["1,000", "2,500"], [1.0, 2.5], True),
        (["1.5", "1.000"], [1.5, 1.0], False),
        (["007", "1,5"], ["007", "1,5"], False),
    ],
)
def test_read_table__thousands_and_decimals(
    tmp_path: Path, cells: list[str], right: list[Value], is_told: bool
) -> None:
    """A column is read in the one way that fits all of it, or told."""
    (tmp_path / "t.csv").write_text("id;x\n" + "".join(f"{at};{cell}\n" for at, cell in enumerate(cells)))
    table = read_table(tmp_path / "t.csv")
    assert [row[1] for row in table.rows] == right
    assert bool(table.notes) == is_told


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp932"])
def test_read_table__encodings(tmp_path: Path, encoding: str) -> None:
    """Marks are no part of the first name, and UTF-16 without a mark is told by its zeros."""
    genus = "Höhlenbär" if encoding == "cp1252" else "三葉虫"
    (tmp_path / "t.csv").write_bytes(f"id,genus\na,{genus}\n".encode(encoding))
    table = read_table(tmp_path / "t.csv")
    assert (table.columns, table.rows) == (("id", "genus"), (("a", genus),))
    labels = read_labels(tmp_path / "t.csv", ["a"])
    assert labels.values == (genus,)


def test_read_table__a_workbook_named_csv_is_told(tmp_path: Path) -> None:
    """The refusal says what the file is."""
    openpyxl.Workbook().save(tmp_path / "t.csv")
    with pytest.raises(InputError, match="is a ZIP or Excel file, whatever its name says"):
        read_table(tmp_path / "t.csv")


def test_search__conditions_compare_text_as_it_is_written(tmp_path: Path) -> None:
    """007 is no number, 1.10 is no 1.1, and a number among several is one."""
    (tmp_path / "m.csv").write_text("id,code,n\n1.10,007,5\n1.1,7a,6\n")
    table = table_of_file(tmp_path / "m.csv", ["1.1", "1.10"])
    assert ids_where(table, ["code=007"]) == ("1.10",)
    assert ids_where(table, ["n=5|7"]) == ("1.10",)
    with pytest.raises(SettingError, match="holds text, which no range"):
        ids_where(table, ["code=1..9"])
    (tmp_path / "m.csv").write_text("id,n\na,1\na,2\n")
    with pytest.raises(InputError, match="two rows with different values for a"):
        table_of_file(tmp_path / "m.csv", ["a"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_ids__encodings(tmp_path: Path, bring_in: Import, encoding: str) -> None:
    """Files of sets, tags and embeddings' ids may have a mark or be UTF-16."""
    (tmp_path / "ids.txt").write_bytes("tooth_1\r\ntooth_2\r\n".encode(encoding))
    (tmp_path / "sets.csv").write_bytes("set;specimen_id\nmine;tooth_1\nmine;tooth_2\n".encode(encoding))
    (tmp_path / "m.csv").write_text("id,n\ntooth_1,3\n")
    bring_in(TEETH, tmp_path / "m.csv")
    workspace = ["--workspace", str(tmp_path / "data")]
    assert main(["tags", *workspace, "--add", "worn", "--file", str(tmp_path / "ids.txt")]) == 0
    assert main(["sets", *workspace, "--in", str(tmp_path / "sets.csv")]) == 0
    curation = Curation(Catalogue(open_workspace(tmp_path / "data").catalogue_path))
    assert curation.tags() == {"tooth_1": ("worn",), "tooth_2": ("worn",)}
    assert curation.members("mine") == ("tooth_1", "tooth_2")
    np.save(tmp_path / "embeddings.npy", np.eye(2, dtype=np.float32))
    assert read_embeddings(tmp_path / "embeddings.npy", tmp_path / "ids.txt").ids == ("tooth_1", "tooth_2")


def test_read_table__an_open_quotation_mark_is_refused(tmp_path: Path) -> None:
    """The rows behind it would be one cell."""
    (tmp_path / "t.csv").write_text('id,remark\na,"broken\nb,whole\nc,whole\n')
    with pytest.raises(InputError, match="quotation mark on line 2 that is not closed"):
        read_table(tmp_path / "t.csv")


def test_read_labels__ids_as_written_and_titles(tmp_path: Path) -> None:
    """Labels come by the same reader, from Excel as well."""
    book = openpyxl.Workbook()
    for row in (["Molars of 2023"], ["specimen_id", "label"], [1.1, "Lemur"], [1.2, "Indri"]):
        book.active.append(row)
    book.active["A3"].number_format = "0.00"
    book.save(tmp_path / "t.xlsx")
    found = read_labels(tmp_path / "t.xlsx", ["1.1", "1.10", "1.2"])
    assert found.values == (None, "Lemur", "Indri")
    (tmp_path / "t.csv").write_text("label,specimen_id\nLemur,1.10\nIndri,1.2\n")
    assert read_labels(tmp_path / "t.csv", ["1.1", "1.10", "1.2"]).values == (None, "Lemur", "Indri")
