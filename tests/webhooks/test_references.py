"""How invoices name entries: what is read, what is complained about, and that values never show in complaints."""

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE
from webhooks.events import References
from webhooks.places import ENTRIES, LINK
from webhooks.places import WORKSPACE as WORKSPACE_KEY
from webhooks.references import Named, from_fields, from_metadata, to_metadata

OTHER = "64a687e29ae1f428e7ebe304"
A, B, C = (letter * 24 for letter in "abc")
IDS = st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=24, max_size=24)


def read(
    invoice: Mapping[str, str] | None = None,
    *,
    inherited: Mapping[str, str] | None = None,
    lines: Sequence[Mapping[str, str]] = (),
    more_lines: bool = False,
) -> Named:
    return from_metadata(invoice or {}, inherited=inherited or {}, lines=lines, more_lines=more_lines)


@pytest.mark.parametrize(
    "value",
    [
        ",".join(DOCUMENTED),
        " ".join(DOCUMENTED),
        ", ".join(DOCUMENTED) + ",",
        "\n".join(DOCUMENTED) + "\n",
        ",,".join((*DOCUMENTED, *DOCUMENTED)),
        json.dumps(DOCUMENTED),
        " " + json.dumps(DOCUMENTED, indent=1),
    ],
)
def test_documented_ids_are_read_however_they_are_separated(value: str) -> None:
    named = read({"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": value})

    assert named == Named((References(WORKSPACE, DOCUMENTED),))


def test_continuations_are_read_in_the_order_of_their_numbers() -> None:
    numbered = {f"clockify_time_entry_ids_{n}": f"{n:024}" for n in range(10, 1, -1)}

    named = read({**numbered, "clockify_time_entry_ids": A})

    assert named.references == (References(None, (A, *(f"{n:024}" for n in range(2, 11)))),)
    assert named.unresolved == ""


def test_the_first_value_may_be_numbered_as_well() -> None:
    assert read({"clockify_time_entry_ids_1": A, "clockify_time_entry_ids_2": B}) == Named(
        (References(None, (A, B)),)
    )


def test_an_invoice_that_names_nothing_has_no_references_and_no_complaint() -> None:
    assert read({"order": "17"}, inherited={"plan": "x"}, lines=[{"sku": "y"}], more_lines=True) == Named(())


def test_lines_and_subscription_add_to_what_the_invoice_names() -> None:
    named = read(
        {"clockify_time_entry_ids": A},
        inherited={"clockify_time_entry_ids": B},
        lines=[{}, {"clockify_time_entry_ids": C}],
    )

    assert named == Named((References(None, (A, B, C)),))


def test_a_line_without_a_workspace_takes_that_of_the_invoice() -> None:
    named = read({"clockify_workspace_id": WORKSPACE}, lines=[{"clockify_time_entry_ids": A}])

    assert named == Named((References(WORKSPACE, (A,)),))


def test_an_invoice_without_a_workspace_takes_that_of_its_subscription() -> None:
    named = read({"clockify_time_entry_ids": A}, inherited={"clockify_workspace_id": WORKSPACE})

    assert named == Named((References(WORKSPACE, (A,)),))


def test_a_line_may_name_another_workspace() -> None:
    line = {"clockify_workspace_id": OTHER, "clockify_time_entry_ids": f"{B},{C}"}

    named = read({"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": A}, lines=[line])

    assert named == Named((References(WORKSPACE, (A,)), References(OTHER, (B, C))))


def test_a_workspace_that_only_a_subscription_names_asks_for_no_entries() -> None:
    assert read({}, inherited={"clockify_workspace_id": WORKSPACE}) == Named(())


def test_a_workspace_without_entries_is_for_a_person() -> None:
    assert (
        read({"clockify_workspace_id": WORKSPACE}).unresolved
        == "clockify_time_entry_ids: missing beside clockify_workspace_id"
    )


def test_an_empty_workspace_is_none() -> None:
    assert read({"clockify_workspace_id": "", "clockify_time_entry_ids": A}) == Named(
        (References(None, (A,)),)
    )


def test_a_broken_id_is_complained_about_by_its_place_and_the_good_ones_are_kept() -> None:
    named = read({"clockify_time_entry_ids": f"{A},secret-value,{B}"})

    assert named.references == (References(None, (A, B)),)
    assert named.unresolved == "clockify_time_entry_ids: item 2 is not an id of 24 letters and digits"


def test_a_broken_id_on_a_line_names_the_line_and_the_key() -> None:
    lines = [{}, {"clockify_time_entry_ids": A, "clockify_time_entry_ids_2": "x"}]

    assert (
        read(lines=lines).unresolved
        == "line 2: clockify_time_entry_ids_2: item 1 is not an id of 24 letters and digits"
    )


@pytest.mark.parametrize("value", ["[", "[1", '["\\ud800"', "[" * 100_000, '{"a": 1}x['])
def test_a_broken_json_list_is_for_a_person(value: str) -> None:
    named = read({"clockify_time_entry_ids": value})

    assert named.references == ()
    assert named.unresolved.startswith("clockify_time_entry_ids: ")


@pytest.mark.parametrize(
    "item", [1, None, True, 1.5, {"id": A}, [A], "é" * 24, "a" * 23, "a" * 25, "\u0660" * 24, ""]
)
def test_an_item_of_a_json_list_that_is_no_id_is_for_a_person(item: object) -> None:
    named = read({"clockify_time_entry_ids": json.dumps([A, item])})

    assert named.references == (References(None, (A,)),)
    assert "item 2 is not an id" in named.unresolved


def test_entries_behind_a_broken_workspace_are_never_taken_for_the_default_one() -> None:
    line = {"clockify_time_entry_ids": B}

    named = read(
        {"clockify_workspace_id": "mine", "clockify_time_entry_ids": A},
        inherited={"clockify_workspace_id": WORKSPACE},
        lines=[line],
    )

    assert named.references == ()
    assert named.unresolved == "clockify_workspace_id: not an id of 24 letters and digits"


def test_a_gap_in_the_continuations_is_for_a_person() -> None:
    named = read({"clockify_time_entry_ids": A, "clockify_time_entry_ids_3": C})

    assert named.references == (References(None, (A, C)),)
    assert named.unresolved == "clockify_time_entry_ids: number 2 of its continuations is missing"


@pytest.mark.parametrize(
    "key",
    [
        "clockify_time_entry_id",
        "clockify_time_entry_ids_b",
        "clockify_time_entry_ids_0",
        "clockify_time_entry_ids_",
    ],
)
def test_a_key_that_is_nearly_right_is_for_a_person(key: str) -> None:
    named = read({"clockify_time_entry_ids": A, key: B})

    assert named.unresolved == "a key like clockify_time_entry_ids that is none of its continuations"


def test_a_continuation_that_comes_twice_is_for_a_person() -> None:
    assert read({"clockify_time_entry_ids": A, "clockify_time_entry_ids_1": B}).unresolved


def test_more_lines_than_the_delivery_shows_are_for_a_person_where_lines_name_entries() -> None:
    named = read(lines=[{"clockify_time_entry_ids": A}], more_lines=True)

    assert named.references == (References(None, (A,)),)
    assert named.unresolved.startswith("lines: there are more")


def test_more_lines_do_not_matter_where_the_invoice_itself_names_what_its_lines_name() -> None:
    named = read(
        {"clockify_time_entry_ids": f"{A},{B}"}, lines=[{"clockify_time_entry_ids": A}], more_lines=True
    )

    assert named == Named((References(None, (A, B)),))


def test_many_complaints_are_summed_up() -> None:
    reason = read({"clockify_time_entry_ids": " ".join("xxxxx")}).unresolved

    assert reason.count("item") == 3
    assert reason.endswith("; and 2 more")


def test_fields_of_a_payload_are_read_like_metadata() -> None:
    assert from_fields(WORKSPACE, list(DOCUMENTED)) == Named((References(WORKSPACE, DOCUMENTED),))


def test_a_field_with_an_empty_list_says_that_there_are_no_entries() -> None:
    assert from_fields(WORKSPACE, []) == Named(())


def test_fields_that_are_not_there_name_nothing() -> None:
    assert from_fields(None, None) == Named(())


def test_a_complaint_about_a_field_uses_the_name_that_the_payload_has_for_it() -> None:
    named = from_fields(WORKSPACE, None, names=("bill.clockify", "bill.hours", "bill.link"))

    assert named.unresolved == "bill.hours: missing beside bill.clockify"


@pytest.mark.parametrize("entries", [7, True, {"a": A}, 1.5])
def test_a_field_that_is_no_list_is_for_a_person(entries: object) -> None:
    assert from_fields(None, entries).unresolved == "clockify_time_entry_ids: not a list of ids"


@given(workspace=IDS, entries=st.lists(IDS, unique=True, min_size=1, max_size=120))
def test_what_is_written_as_metadata_is_read_back(workspace: str, entries: list[str]) -> None:
    metadata = to_metadata(workspace, entries)

    assert all(len(value) <= 500 for value in metadata.values())
    assert len(metadata) == 1 + -(-len(entries) // 20)
    assert read(metadata) == Named((References(workspace, tuple(entries)),))


@given(
    values=st.dictionaries(
        st.sampled_from(
            ["clockify_workspace_id", "clockify_time_entry_ids", "clockify_time_entry_ids_2", "x"]
        ),
        st.text(max_size=80),
    )
)
def test_no_metadata_raises_and_every_entry_read_is_an_id(values: dict[str, str]) -> None:
    for one in read(values, lines=[values]).references:
        assert one.workspace is None or len(one.workspace) == 24
        assert one.entries
        assert all(len(entry) == 24 and entry.isascii() and entry.isalnum() for entry in one.entries)


@given(value=st.text("QXJ", min_size=4, max_size=30).filter(lambda text: len(text) != 24))
@pytest.mark.parametrize(
    "key", ["clockify_workspace_id", "clockify_time_entry_ids", "clockify_time_entry_ids_9"]
)
def test_no_complaint_ever_shows_a_value(key: str, value: str) -> None:
    reason = read({key: value}).unresolved

    assert reason
    assert value not in reason


def test_a_text_names_entries_among_other_words() -> None:
    text = f"Work in March; clockify_workspace_id={WORKSPACE} clockify_time_entry_ids={A},{B}. Thank you!"

    assert from_metadata({}, texts=[None, "", text]) == Named((References(WORKSPACE, (A, B)),))


def test_a_text_may_show_a_link() -> None:
    assert from_metadata({}, texts=["March: clockify_link: march-7."]) == Named((), link="march-7")


@pytest.mark.parametrize(
    "text", ["xclockify_link=a", "clockify link=a", "clockify_link =  ", "not_clockify_link=a"]
)
def test_what_only_looks_like_a_key_is_other_words(text: str) -> None:
    assert from_metadata({}, texts=[text]) == Named(())


def test_the_same_key_twice_in_a_text_is_a_complaint() -> None:
    named = from_metadata({}, texts=[f"clockify_time_entry_ids={A} clockify_time_entry_ids={B}"])

    assert named.unresolved == "text 1: the same key stands there twice"


@pytest.mark.parametrize(
    "value",
    [f"{A}, {B}", f"{A},\n{B}.", f"{A} {B} and more", f"{A},{B}</p><p>Thank you", f"{A},{B}&nbsp;", f"{A}, {B}, thanks"],
)  # fmt: skip
def test_ids_in_a_text_stand_behind_commas_or_spaces_up_to_markup(value: str) -> None:
    text = f"<p>{WORKSPACE_KEY}={WORKSPACE} {ENTRIES}={value}"

    assert from_metadata({}, texts=[text]) == Named((References(WORKSPACE, (A, B)),))


@pytest.mark.parametrize(
    "between", [",<br>", "</li>\n<li>", ",&nbsp;", ";", ",,", " , "], ids=lambda text: text.strip()
)
def test_an_id_in_a_text_that_is_cut_off_from_the_others_is_a_complaint(between: str) -> None:
    named = from_metadata({}, texts=[f"{ENTRIES}={A}{between}{B}"])

    assert named.unresolved == "text 1: an id follows that is cut off from those before it"


def test_the_workspace_of_a_text_holds_where_nothing_else_names_one() -> None:
    named = from_metadata({}, lines=[{ENTRIES: A}], texts=[f"{WORKSPACE_KEY}={WORKSPACE}"])

    assert named.references == (References(WORKSPACE, (A,)),)


def test_a_link_is_metadata_too() -> None:
    assert from_metadata({LINK: " march-7 "}) == Named((), link="march-7")
    assert from_metadata({}, lines=[{LINK: "march-7"}, {LINK: "march-7"}]) == Named((), link="march-7")
    for written in ("march-7", "clockify_link=march-7", "job 77, clockify_link: march-7."):
        assert from_fields(None, None, written) == Named((), link="march-7")
    assert "not a name" in from_fields(None, None, "clockify_link=a clockify_link=/").unresolved
    assert "not a name" in from_fields(None, None, "Thank you!").unresolved


@pytest.mark.parametrize("value", ["two words", "a/b", "ä", "x" * 65, 7, ["a"]])
def test_what_cannot_be_the_name_of_a_link_is_a_complaint(value: object) -> None:
    assert "clockify_link: not a name" in from_metadata({LINK: value}).unresolved


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_link_is_none(value: object) -> None:
    assert from_metadata({LINK: value}) == Named(())


def test_several_links_are_a_complaint() -> None:
    assert from_metadata({LINK: "a"}, lines=[{LINK: "b"}]).unresolved == "clockify_link: there are several"


def test_a_link_beside_entries_is_a_complaint() -> None:
    named = from_metadata({LINK: "a"}, lines=[{ENTRIES: A}])

    assert named.unresolved == "clockify_link: stands beside clockify_time_entry_ids"


def test_a_field_with_a_link_beside_one_with_entries_is_a_complaint_in_their_own_names() -> None:
    named = from_fields(WORKSPACE, [A], "a", names=("bill.clockify", "bill.hours", "bill.link"))

    assert named == Named((References(WORKSPACE, (A,)),), "bill.link: stands beside bill.hours", "a")


def test_a_workspace_beside_a_link_is_no_complaint() -> None:
    assert from_metadata({WORKSPACE_KEY: WORKSPACE, LINK: "a"}) == Named((), link="a")
    assert from_fields(WORKSPACE, None, "a") == Named((), link="a")
