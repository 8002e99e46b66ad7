"""What stdout can take."""

from __future__ import annotations

import json

import pytest

from limbeck.cli._printable import json_encoder, printable
from limbeck.cli._say import say


def test_whole_characters_stay_and_halves_do_not() -> None:
    assert printable("déjà payé 😀 \ud83d") == "déjà payé 😀 ?"


def test_json_gives_halves_back(capsys: pytest.CaptureFixture[str]) -> None:
    json_encoder().write_rows([{"a": "é"}, {"a": "\ud83d"}])
    out = capsys.readouterr().out
    assert out.splitlines() == ['{"a": "é"}', '{"a": "\\ud83d"}']
    assert json.loads(out.splitlines()[1]) == {"a": "\ud83d"}


def test_what_commands_a_terminal_is_shown_and_not_sent() -> None:
    assert printable("\x1b]0;owned\x07pos\nno\x9b") == r"\x1b]0;owned\x07pos\nno\x9b"
    assert printable("a\u2028b\u00a0c") == "a\\u2028b\u00a0c"


def test_notices_command_no_terminal_and_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("2 problems:\n  - class 'a\x1b[31mb'", "café")
    assert capsys.readouterr().err == "2 problems:\n  - class 'a\\x1b[31mb'\ncafé\n"
