"""Tasks by name, and from what ``limbeck.json`` records."""

from __future__ import annotations

import json

import pytest

from limbeck.errors import ArtefactError, SettingsError
from limbeck.tasks import make_task, task_from_json


def test_a_task_is_made_by_name() -> None:
    assert make_task("classify", classes=["a", "b"]).n_outputs == 2
    assert make_task("regress").n_outputs == 1


def test_an_unknown_task_is_answered_by_the_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        make_task("clasify")
    assert str(caught.value) == "no task is called 'clasify'; --task takes 'classify' (nearest), 'regress'"


@pytest.mark.parametrize("record", [{"name": "classify", "classes": ["10", "True"]}, {"name": "regress"}])
def test_records_round_trip(record: dict[str, object]) -> None:
    task = task_from_json(json.loads(json.dumps(record)))
    assert task.to_json() == record
    assert record == task_from_json(record).to_json()  # the record is left as it is


@pytest.mark.parametrize("record", [{}, {"name": None}, {"classes": ["a", "b"]}])
def test_a_record_without_a_name_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ArtefactError, match=r"limbeck\.json records the task \{.*without a name; train or export"):
        task_from_json(record)


@pytest.mark.parametrize("record", [{"name": "classify"}, {"name": "regress", "unit": "stars"}])
def test_a_record_that_is_not_what_the_task_takes_is_refused(record: dict[str, object]) -> None:
    with pytest.raises(ArtefactError, match=r"limbeck\.json records the task \{.*argument.*; upgrade limbeck"):
        task_from_json(record)
