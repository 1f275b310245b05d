import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity.report.markdown import GAP, escaped, fitted, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("layers/elu[wide]", r"layers/elu\[wide\]"),
        ("a_b and _c_", r"a_b and \_c\_"),
        ("2*3*4 ~~x~~ `y` \\z", r"2\*3\*4 \~\~x\~\~ \`y\` \\z"),
        ("a|b", r"a\|b"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("one\ntwo\r\n\n# three", "one two # three"),
        ("# title", "\\# title"),
        ("@you and (@them)", f"@{GAP}you and (@{GAP}them)"),
        ("chainer@cpu", "chainer@cpu"),
        ("#12", f"\\#{GAP}12"),
        ("https://a.b and www.c.d", f"https:{GAP}//a.b and www{GAP}.c.d"),
        ("1. one", r"1\. one"),
        ("0.5", "0.5"),
        ("- x", r"\- x"),
        ("+ x", r"\+ x"),
        ("===", r"\==="),
        ("> x", "&gt; x"),
        ("\ud800\x1b[0m\x00", "\ufffd\ufffd\\[0m\ufffd"),
        ("$x$", r"\$x\$"),
        ("", ""),
    ],
)
def test_escaped(text, expected):
    assert escaped(text) == expected


@given(st.text(alphabet=st.one_of(st.sampled_from("<>|`[]()*_~@#$\\\n\r -+=1.!&;:/"), st.characters()), max_size=40))
def test_nothing_is_markup(text):
    made = escaped(text)
    made.encode()
    assert not set(made) & set("<>\n\r\x00\x1b")
    assert not re.search(r"(?<!\\)(?:\\\\)*[|`\[\]*~$]", made)
    assert not re.search(r"(?<![A-Za-z0-9])@\w|#\w|://", made)
    assert not re.match(r"[-+=#]|\d+[.)]\s", made)


def test_table_keeps_its_columns():
    lines = table(["a|b", "n"], [["x\n|", "1"]], right=[1])
    assert lines == [r"| a\|b | n |", "| --- | --: |", r"| x \| | 1 |"]


def test_fitted_cuts_at_a_line():
    blocks = [["head"], [f"- line {i:03}" for i in range(100)], ["tail"]]
    assert fitted(blocks, 10_000, "more") == "head\n\n" + "\n".join(blocks[1]) + "\n\ntail\n"
    short = fitted(blocks, 200, "more")
    assert len(short) <= 200
    assert short.endswith("\n\nmore\n")
    assert "tail" not in short
    assert short.splitlines()[2:-2] == blocks[1][: len(short.splitlines()) - 4]
