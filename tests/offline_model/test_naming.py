"""Names: nouns out of identifiers, dealt without repeats."""

import random

import pytest

from offline_model.naming import NameGiver, find_names, forms, split_words, with_article
from offline_model.words import plural, singular


def test_identifiers_are_split_into_words() -> None:
    assert split_words("parseHTTPHeader_value") == ["parse", "http", "header", "value"]


def test_names_are_the_nouns_of_the_identifiers() -> None:
    code = "self.request_headers = parse_packet(socket)\nclass OrderTable: pass"
    names = find_names(code)
    assert "request_header" not in names  # too long for a name that stands in every line
    assert {"request", "header", "packet", "order", "table"} <= set(names)


def test_prose_gives_no_names() -> None:
    assert find_names("The quick customer jumps over the lazy invoice.") == []


def test_builtins_and_keywords_are_no_names() -> None:
    assert find_names("list(filter(object, input(type))).strip(print)\nlambda_ = None") == []


def test_dealt_names_do_not_share_words() -> None:
    giver = NameGiver("order(order_row(row.order))\nrow.table = 1", random.Random(1))
    names = giver.deal(["item", "group", "a", "b", "c"], {"table"})
    words = [word for name in names.values() for word in name.split("_")]
    assert len(words) == len(set(words)) and "table" not in words


@pytest.mark.parametrize(
    "one, many",
    [
        ("header", "headers"),
        ("query", "queries"),
        ("box", "boxes"),
        ("status", "statuses"),
        ("child", "children"),
        ("batch", "batches"),
        ("key", "keys"),
        ("bus", "buses"),
        ("vertex", "vertices"),
    ],
)
def test_plurals_go_both_ways(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one or one == "bus"
    assert singular(one) == one


@pytest.mark.parametrize(
    "noun, phrase",
    [("order", "an order"), ("unit", "a unit"), ("user", "a user"), ("hour", "an hour")],
)
def test_the_article_follows_the_sound(noun: str, phrase: str) -> None:
    assert with_article(noun) == phrase


def test_forms_spell_a_name_in_every_way() -> None:
    spelled = forms("item", "header_field")
    assert spelled["$items"] == "header_fields"
    assert spelled["$Item"] == "HeaderField"
    assert spelled["$ITEMS"] == "HEADER_FIELDS"
    assert spelled["%Items"] == "Header fields"
    assert spelled["%An_item"] == "A header field"
