"""Your own DistilBERT in Python: fit a masked-LM head to an encoder, then teach half its layers by the triple loss.

    python examples/own_encoder.py ENCODER examples/reviews.csv OUT --steps 20

`limbeck train DATA --model OUT` fine-tunes what comes out. Needs `pip install 'limbeck[train]'`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import limbeck
from limbeck.cache import cache_dir
from limbeck.distil.student import Cut, depth_of, make
from limbeck.pretrain.corpus import prepare
from limbeck.pretrain.masked import open_masked
from limbeck.pretrain.new_head import begin_head
from limbeck.pretrain.saving import save
from limbeck.pretrain.settings import AmountSettings, TripleSettings, published_fit
from limbeck.pretrain.step import triple
from limbeck.pretrain.teacher import teacher_beside
from limbeck.pretrain.trainer import Lesson, Pretrainer


def main(encoder: Path, corpus: str, out: Path, steps: int) -> None:
    """Fit the head, make the student, teach it, save it."""
    opened, fit, home = open_masked(encoder, dropout=0.0), published_fit(), out.with_name(f"{out.name}-teacher")
    texts = prepare([corpus], opened.model.tokenizer, 32, home=cache_dir())
    if not opened.has_head:
        begin_head(opened.model, texts.counts, smoothing=0.7)
    head = Pretrainer(opened.model, texts, fit)
    head.last(AmountSettings(steps=steps))
    head.fit()
    print(f"the teacher's perplexity: {head.measure()['perplexity']:.0f}")
    save(head, home, settings={})
    layers = max(1, depth_of(opened.model.inner.config.to_dict(), name=encoder.name) // 2)
    student = open_masked(make(home, out.with_name(f"{out.name}-start"), Cut(layers=layers)), dropout=0.0).model
    settings = TripleSettings()
    lesson = Lesson(triple(teacher_beside(opened.model, student, settings, None), settings), tuple(settings.weights))
    learner = Pretrainer(student, texts, fit, lesson=lesson)
    learner.last(AmountSettings(steps=steps))
    learner.fit()
    record = save(learner, out, settings={})
    print(f"the student's, with {layers} layers: {record['measured']['perplexity']:.0f}; saved: {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", type=Path)
    parser.add_argument("corpus", help="a file of texts")
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=200, help="updates of each of the two")
    try:
        main(**vars(parser.parse_args()))
    except limbeck.LimbeckError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
