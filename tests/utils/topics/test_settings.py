import pytest

from utils.config import load_config
from utils.errors import PipelineError
from utils.topics.settings import FilterConfig

# What OpenCodeEdit publishes, but for its comments.
PUBLISHED = """
jsonl_path: "data/ocedata_mix_descriptive.jsonl"
field_name: ["code_before_purify", "instruct_purify"]
data_format: "general"
random_seed: 42
filter_settings:
  max_modify_lines: 70
  max_hunk_num: 7
  max_samples_total: 10000
  refit: false
"""


def test_the_published_configuration_is_read_as_it_is_meant(tmp_path):
    path = tmp_path / "filter_config.yaml"
    path.write_text(PUBLISHED, encoding="utf-8")
    config = load_config(path, FilterConfig)
    assert (config.field_name, config.data_format) == ("instruct_purify", "triplet")
    assert config.filter_settings.total == 10_000
    assert config.reader.required == (
        "code_before_purify",
        "code_after_purify",
        "instruct_purify",
    )


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ("instruct_lazy_purify", "instruct_lazy_purify"),
        ("[instruct_purify]", "instruct_purify"),
        ("[instruct_purify, code_before_purify]", "instruct_purify"),
        ("[code_before_purify]", None),
        ("[instruct_purify, code_after_purify]", None),
        ("[code_before_purify, a, b]", None),
        ("[]", None),
    ],
)
def test_a_list_of_fields_names_one_instruction(tmp_path, names, field):
    path = tmp_path / "filter_config.yaml"
    path.write_text(f"jsonl_path: x.jsonl\nfield_name: {names}\n", encoding="utf-8")
    if field:
        assert load_config(path, FilterConfig).field_name == field
    else:
        with pytest.raises(PipelineError, match="field_name"):
            load_config(path, FilterConfig)
