"""Names of a Keras layer's variables, under which weights are copied."""

from types import SimpleNamespace

from parity.engines.keras import variable_names


def variables(*paths):
    return [SimpleNamespace(path=p, name=p.rpartition("/")[2]) for p in paths]


def test_a_name_that_is_the_only_one_stays():
    assert variable_names(variables("lstm/lstm_cell/kernel", "lstm/lstm_cell/bias")) == ["kernel", "bias"]


def test_several_of_one_name_have_that_of_their_part_too():
    paths = "mha/query/kernel", "mha/query/bias", "mha/key/kernel", "mha/rare"
    assert variable_names(variables(*paths)) == ["query/kernel", "bias", "key/kernel", "rare"]
