from utils.finetune.export import Origins


def row(commit, **fields):
    return {"commit": commit, "instr_type": "qwen3_lazy", **fields}


def test_seeds_are_counted_once_by_licence():
    origins = Origins()
    origins.add(row(["a", "b"], license=["mit", None]), False)
    origins.add(row("b,c", license="apache-2.0"), False)
    origins.add(row(["d"], license=["mit", "mit"]), False)
    origins.add(row(["a"], license=["mit"]), True)
    assert origins.licenses() == {"apache-2.0": 2, "mit": 1, "unknown": 1}
    assert origins.seeds() == {"training_seeds": 4, "validation_seeds": 1, "shared_seeds": 1}


def test_a_model_is_named_by_the_row_or_its_type():
    origins = Origins()
    for fields in ({}, {"model": None}, {"model": "ds"}):
        origins.add(row(["a"], **fields), False)
    assert origins.models() == {"qwen3": 2, "ds": 1}
