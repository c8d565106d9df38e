"""Names for C: whatever the text, an identifier, a comment and a string stay what they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycparser import c_parser

from odl.emit.names import comment, identifiers, string
from odl.errors import printable

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

odd = st.sampled_from(["*/", "/*", "??/", "??", "\\", "\n", '"', "\x1b[2J", "%n", "\0", "//", "é"])
anything = st.text(st.characters(exclude_categories=()), max_size=30)  # with surrogates
texts = st.one_of(anything, st.lists(odd | st.text(max_size=3)).map("".join))
close = st.sampled_from(["a", "A", "a_2", "a/2", "a_elements", "h", "H_2", "", "macs", "ARENA"])


@given(st.lists(texts | close, max_size=20), st.sampled_from(["T_", "k_", "s00_"]))
def test_identifiers_are_valid_and_unique(names: list[str], prefix: str) -> None:
    made = identifiers(names, prefix)
    assert set(made) == set(names)
    assert len({i.upper() for i in made.values()}) == len(made)
    for identifier in made.values():
        assert IDENTIFIER.match(identifier)
        assert identifier.startswith(prefix)
        assert len(identifier) < 60


@given(st.lists(texts | close, max_size=20))
def test_macros_are_unique_with_their_elements(names: list[str]) -> None:
    made = [i.upper() for i in identifiers(names, "IN_").values()]
    macros = [*made, *(f"{i}_ELEMENTS" for i in made)]
    assert len(set(macros)) == len(macros)


@pytest.mark.parametrize(
    ("names", "want"),
    [
        (["conv1/Relu:0"], ["T_conv1_Relu_0"]),
        (["a/b", "a_b", "a b"], ["T_a_b", "T_a_b_2", "T_a_b_3"]),
        (["a", "A"], ["T_a", "T_A_2"]),
        (["", "é", "__"], ["T_unnamed", "T_unnamed_2", "T_unnamed_3"]),
        (["n" * 50, "n" * 60], ["T_" + "n" * 40, "T_" + "n" * 40 + "_2"]),
    ],
)
def test_identifiers_are_readable(names: list[str], want: list[str]) -> None:
    assert list(identifiers(names, "T_").values()) == want


@pytest.mark.parametrize(
    ("names", "want"),
    [
        (["x", "x_elements"], ["IN_x", "IN_x_elements_2"]),
        (["x_elements", "x"], ["IN_x_elements", "IN_x_2"]),
    ],
)
def test_macros_are_readable(names: list[str], want: list[str]) -> None:
    assert list(identifiers(names, "IN_").values()) == want


def test_the_same_name_twice_is_one() -> None:
    assert identifiers(["a", "a"], "T_") == {"a": "T_a"}


@given(texts)
def test_a_comment_stays_in_its_line_and_ends_where_it_should(text: str) -> None:
    made = comment(text)
    assert made.isascii()
    assert made == "" or made.isprintable()
    assert not any(bad in made for bad in ("*/", "/*", "??"))
    assert not made.endswith(("\\", "*", "/"))
    assert len(made) <= 600
    assert f"/* {made} */".find("*/") == len(made) + 4


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("Conv c1: x f32[1] -> y", "Conv c1: x f32[1] -> y"),
        ('*/ #include "/etc/passwd"', '* / #include "/etc/passwd"'),
        ("a/*b*/c", "a/ *b* /c"),
        ("/*/*/", "/ * / * "),
        ("what??/\n", "what? ?/\\n"),
        ("end \\", "end "),
    ],
)
def test_a_comment_is_readable(text: str, want: str) -> None:
    assert comment(text) == want


@given(texts)
def test_a_string_is_a_literal_that_reads_back(text: str) -> None:
    literal = string(text)
    assert "??" not in literal
    tree = c_parser.CParser().parse(f"const char *s = {literal};")
    assert tree.ext[0].init.value == literal
    assert re.fullmatch(r'"([^"\\]|\\[\\"?])*"', literal)
    assert re.sub(r"\\(.)", r"\1", literal[1:-1]) == printable(text, 120)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("conv1/Relu:0", '"conv1/Relu:0"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
        ("\n", '"\\\\n"'),
        ("??/", '"\\?\\?/"'),
        ("n" * 200, '"' + "n" * 117 + '..."'),
    ],
)
def test_a_string_is_readable(text: str, want: str) -> None:
    assert string(text) == want
