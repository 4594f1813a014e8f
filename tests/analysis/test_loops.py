"""The named loops of the shipped model: each switch cuts a link, and the polarity is that of the graph."""

import pytest

import krapte_sd as ks
from krapte_sd.analysis.loops import loop_metadata
from krapte_sd.cli import main


@pytest.fixture(scope="module")
def table():
    return ks.loops().set_index("switch")


def test_every_switch_of_the_model_is_a_named_loop(table):
    model = ks.load_model()
    assert set(table.index) == {name for name in model.equations.inputs if name.endswith("_switch")}
    assert all(float(model.parameters[name].value) == 1 for name in loop_metadata(model))


def test_every_switch_cuts_something(table):
    assert table.index[table["link"] == ""].tolist() == []


def test_the_graph_agrees_with_what_is_declared(table):
    assert table.loc[~table["agrees"], ["declared", "polarity", "variables"]].to_dict("index") == {}
    assert (table["polarity"] == "balancing").sum() >= 6


def test_labels_are_in_two_languages_and_unlike(table):
    for column in ("loop", "loop_nl", "what_it_does"):
        assert table[column].is_unique
    assert (table["loop"] != table["loop_nl"]).all()


def test_the_command_prints_the_loops(capsys, table):
    assert main(["loops"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in table.index)
