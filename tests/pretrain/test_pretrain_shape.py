"""What configurations come to in parameters, against what transformers makes of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

from limbeck.errors import ModelError
from limbeck.pretrain.shape import Shape, distilbert_of
from support.encoders import EMITTED, configuration

FAMILIES = (*EMITTED, "xlm-roberta", "camembert")


def counted(model: Any) -> int:
    """Parameters, those that are tied once."""
    return sum(value.numel() for value in model.parameters())


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_parameters_of_each_family_are_those_of_transformers(family: str, tied: bool) -> None:
    config = configuration(family, tie_word_embeddings=tied)
    found = Shape.read(config.to_dict()).parameters()
    with torch.device("meta"):
        assert found.encoder == counted(transformers.AutoModel.from_config(config))
        assert found.masked_lm == counted(transformers.AutoModelForMaskedLM.from_config(config))


def test_bert_base_by_hand() -> None:
    found = Shape.read(transformers.BertConfig().to_dict()).parameters()
    assert found.words == 30_522 * 768 == 23_440_896
    assert found.positions == 512 * 768
    assert found.segments == found.embedding_norm == 2 * 768
    # four matrices of 768 x 768, two of 768 x 3072, their biases, two norms
    assert found.layers == 12 * (4 * (589_824 + 768) + 2 * 2_359_296 + 3_072 + 768 + 4 * 768) == 85_054_464
    assert found.pooler == 590_592
    assert found.head == 590_592 + 1_536 + 30_522
    assert found.encoder == 109_482_240
    assert found.masked_lm == 109_482_240 - 590_592 + 622_650


def test_distilbert_by_hand() -> None:
    shape = Shape.read(distilbert_of(transformers.BertConfig().to_dict(), 6))
    assert shape == Shape.read(transformers.DistilBertConfig().to_dict())
    assert shape.parameters().encoder == 66_362_880
    assert shape.multiplied == 6 * 12 * 768**2 == 42_467_328
    assert shape.multiplied_in_head == 768 * 768 + 768 * 30_522 == 24_030_720


def test_electra_projects_narrow_embeddings() -> None:
    shape = Shape.read(configuration("electra").to_dict())
    assert (shape.embedding, shape.hidden) == (16, 32)
    assert shape.multiplied == 2 * (4 * 32**2 + 2 * 32 * 48) + 16 * 32
    assert shape.multiplied_in_head == 32 * 16 + 16 * shape.pieces


@pytest.mark.parametrize(("family", "longest"), [("bert", 40), ("roberta", 40), ("mpnet", 40), ("distilbert", 40)])
def test_tokens_that_fit_the_table_of_positions(family: str, longest: int) -> None:
    config = configuration(family)
    assert Shape.read(config.to_dict()).longest == longest
    assert config.max_position_embeddings == longest + (2 if family in ("roberta", "mpnet") else 0)


def test_where_hidden_states_are_dropped() -> None:
    assert Shape.read(configuration("bert", dropout=True).to_dict()).dropouts == 2
    assert Shape.read(configuration("distilbert", dropout=True).to_dict()).dropouts == 1
    assert Shape.read(configuration("bert").to_dict()).dropouts == 0


def test_what_is_missing_and_unknown_is_told_together() -> None:
    with pytest.raises(ModelError) as caught:
        Shape.read({"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4}, name="mini")
    assert str(caught.value) == (
        "what mini takes cannot be computed: 4 problems:\n"
        "  - its config.json tells of no num_hidden_layers\n"
        "  - its config.json tells of no intermediate_size\n"
        "  - its config.json tells of no vocab_size\n"
        "  - its config.json tells of no max_position_embeddings"
    )
    with pytest.raises(ModelError, match="model_type is 'gpt2', accepted are"):
        Shape.read({**transformers.BertConfig().to_dict(), "model_type": "gpt2"})


def test_distilbert_is_made_from_a_bert_alone() -> None:
    with pytest.raises(
        ModelError, match="DistilBERT is made from 'bert', and this is 'roberta'; take the family's own"
    ):
        distilbert_of(configuration("roberta").to_dict(), 1)
