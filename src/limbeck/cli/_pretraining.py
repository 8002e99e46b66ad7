"""What ``limbeck pretrain`` and ``limbeck distil --pretrain`` share: corpus, plan, training, folder."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limbeck.cli._place import checkpoints_of, fit_there, hindrance_lines, made_ready, say_finished
from limbeck.cli._say import say
from limbeck.cli._several import first_decides
from limbeck.cli.train import duration
from limbeck.errors import DataError, SettingsError, empty_word, together
from limbeck.pretrain.hub import PREFIX
from limbeck.pretrain.settings import BATCH_TOKENS, AmountSettings, CorpusSettings, published_fit
from limbeck.settings import record
from limbeck.train import require_training
from limbeck.train.launch import started
from limbeck.train.limit import Limit
from limbeck.train.settings import FitSettings

if TYPE_CHECKING:
    from limbeck.pretrain.corpus import Corpus
    from limbeck.pretrain.masked import MaskedModel
    from limbeck.pretrain.trainer import Lesson, Pretrainer

_FEW_TOKENS = 5_000
"""Held back, of which some hundred are asked for: their perplexity is known to a tenth at best."""
_NOT_KEPT = ("inputs", "corpus", "out", "dry_run", "resume", "overwrite", "json")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The flags that both commands have."""

    out: Path = Path("pretrained")
    """The folder to save in."""

    amount: AmountSettings = field(default_factory=AmountSettings)
    """For how long."""

    texts: CorpusSettings = field(default_factory=CorpusSettings)
    """How the corpus is read, cut and masked."""

    fit: FitSettings = field(default_factory=lambda: replace(published_fit(), epochs=None))
    """Epochs, rates, batches; the published number of epochs where nothing says for how long."""

    dry_run: bool = False
    """Say what it would take and write, and do nothing."""

    resume: bool = False
    """Go on from the last checkpoint of --out; begin where there is none."""

    overwrite: bool = False
    """Replace a pre-trained encoder that stands at --out."""

    json: bool = False
    """Print the result as one JSON object instead of text."""


@dataclass(frozen=True)
class Made:
    """A model to train, and what it is taught by."""

    model: MaskedModel
    lesson: Lesson | None = None
    """None: masked language modelling."""
    teacher_name: str = ""
    teacher_has_head: bool = True
    has_head: bool = True
    """Whether the model came with a masked-LM head, or a new one begins."""

    @property
    def teacher(self) -> MaskedModel | None:
        """Whom the lesson asks."""
        beside = None if self.lesson is None else self.lesson.teacher
        return None if beside is None else beside.model


Make = Callable[[Path], Made]
"""Opens the models; files on the way go into the folder that it is given."""


def carry_out(settings: Asked, sources: Sequence[str], make: Make) -> int:
    """Read the corpus, train and save; results on stdout, everything else on stderr.

    Raises:
        LimbeckError: something that was given cannot be used, or the training failed.
    """
    limit = None if settings.amount.budget is None else Limit.of(settings.amount.budget)
    _see_that_one_says_how_long(settings)
    see_that_they_are_there(sources, encoding=settings.texts.encoding)
    require_training()
    from limbeck.pretrain.record import read
    from limbeck.pretrain.trainer import see_that_it_can_learn

    if first_decides(lambda: _stands(settings)):
        say_finished(settings.out)
        _print(read(settings.out), settings, how="finished before, left as it is")
        return 0
    with tempfile.TemporaryDirectory(prefix="limbeck-pretrain-") as home:
        made = make(Path(home))
        see_that_it_can_learn(made.model, made.lesson, settings.fit, settings.texts.length)
        corpus = corpus_of(settings, sources, made.model.tokenizer)
        if not made.has_head:
            from limbeck.pretrain.new_head import begin_head

            is_taught = made.lesson is None or {"soft", "mlm"} & {*made.lesson.parts}
            how = "a new one is fitted" if is_taught else "a new one goes along, which hidden states do not teach"
            say(f"there is no masked-LM head in the folder: {how}")
            begin_head(made.model, corpus.counts, smoothing=settings.texts.mask_smoothing)
        pretrainer = _pretrainer(settings, made, corpus)
        resumed = checkpoints_of(settings.out) if settings.resume else None
        teacher = _teacher(made, pretrainer)
        plan = pretrainer.last(settings.amount, limit, checkpoints=resumed)
        say(*_plan_lines(pretrainer, plan, timed=settings.dry_run))
        if settings.dry_run:
            say(
                *_writing_lines(settings, made.model.n_parameters()),
                "nothing was written but the corpus's tokens, in the cache",
            )
            return 0
        _train(settings, pretrainer, teacher, sources)
    return 0


def _see_that_one_says_how_long(settings: Asked) -> None:
    """Raise for an end that another flag would move.

    Raises:
        SettingsError: updates are limited twice, or epochs beside another end.
    """
    given = [f"--{name} {value}" for name, value in vars(settings.amount).items() if value is not None]
    if given and settings.fit.max_updates is not None:
        raise SettingsError(
            f"{given[0]} and --max-updates {settings.fit.max_updates} exclude each other: both say when it ends; give "
            "one of them"
        )
    if given and settings.fit.epochs is not None:
        raise SettingsError(
            f"{given[0]} and --epochs {settings.fit.epochs} exclude each other: both say when it ends; give one of them"
        )


def see_that_they_are_there(sources: Sequence[str], *, encoding: str = "utf-8") -> None:
    """Raise for sources where nothing is, or nothing that is read, before anything is imported.

    Raises:
        DataError: there is no such file, it is of no known format, a name on the hub has not the form of one, or no
            source was named; all problems are told.
    """
    if not sources:
        raise DataError("no corpus was named; give files of texts, or hub:OWNER/NAME")
    from limbeck.pretrain.texts import FileTexts, source_of

    problems = []
    for name in dict.fromkeys(sources):
        try:
            if not name:
                raise DataError(empty_word("the corpus"))
            if isinstance(source := source_of(name), FileTexts):
                source.open_rows(encoding=encoding, skip_bad_rows=True)  # damage is told by whoever reads the rows
        except DataError as error:
            or_files = "; or name the files in it, each with a text a line or a row" if Path(name).is_dir() else ""
            problems.append(f"{error}{or_files if name else ''}")
    if problems:
        raise DataError(together(problems))


def name_of(model: str) -> str:
    """What records call a model: a folder by its name, without where it is; one of the hub as it was given.

    >>> name_of("someone/encoder")
    'someone/encoder'
    """
    return Path(model).resolve().name if Path(model).exists() else model


def _limit_of(settings: Asked, sources: Sequence[str]) -> int | None:
    """Tokens at which reading stops."""
    texts, fit, wanted = settings.texts, settings.fit, settings.amount.tokens
    if texts.corpus_tokens is not None or not any(source.startswith(PREFIX) for source in sources):
        return texts.corpus_tokens
    if (updates := settings.amount.steps or fit.max_updates) is not None:
        a_batch = fit.batch_tokens or BATCH_TOKENS if fit.batch_size is None else fit.batch_size * texts.length
        wanted = updates * fit.accumulate * a_batch
    return None if wanted is None else wanted * 5 // 4


def corpus_of(settings: Asked, sources: Sequence[str], tokenizer: str) -> Corpus:
    """The corpus as tokens on disk; of several processes the first makes it.

    Raises:
        LimbeckError: it cannot be read, or has no usable text.
    """
    from limbeck.cache import cache_dir
    from limbeck.pretrain.corpus import prepare
    from limbeck.train.progress import Console

    texts = settings.texts

    def read() -> Corpus:
        return prepare(
            list(sources),
            tokenizer,
            texts.length,
            home=cache_dir(),
            text_column=texts.text_column,
            encoding=texts.encoding,
            skip_bad_rows=texts.skip_bad_rows,
            valid_share=texts.valid_share,
            limit_tokens=_limit_of(settings, sources),
            watch=Console().watch,
        )

    if started() > 1:
        first_decides(lambda: read().fingerprint)
    corpus = read()
    say(*corpus.notices)
    return corpus


def _stands(settings: Asked) -> bool:
    """Whether the whole model stands already, where a resume asks for it; else its place is made ready.

    Raises:
        LimbeckError: something stands there that may not be replaced.
    """
    from limbeck.pretrain.record import NAME

    if settings.dry_run:
        return False
    return made_ready(settings.out, NAME, resume=settings.resume, overwrite=settings.overwrite) == "model"


def _pretrainer(settings: Asked, made: Made, corpus: Corpus) -> Pretrainer:
    from limbeck.pretrain.trainer import Pretrainer
    from limbeck.train.progress import Console

    return Pretrainer(
        made.model,
        corpus,
        settings.fit,
        mask_share=settings.texts.mask_share,
        mask_smoothing=settings.texts.mask_smoothing,
        lesson=made.lesson,
        reporter=Console(),
    )


def _teacher(made: Made, pretrainer: Pretrainer) -> dict[str, Any] | None:
    """What the record says of the teacher, its perplexity measured and told before anything is learnt from it."""
    if made.teacher is None:
        return None
    if not made.teacher_has_head:
        say(f"teacher: {made.teacher_name}, without a masked-LM head: its hidden states alone are looked at")
        return {"name": made.teacher_name, **_size(made.teacher)}
    found = {
        "name": made.teacher_name,
        **_size(made.teacher),
        "perplexity": pretrainer.perplexity_of_teacher(),
    }
    say(
        f"teacher: {found['name']}, {found['layers']} layers, {found['parameters']:,} parameters, "
        f"perplexity {found['perplexity']:.2f} on texts held back"
    )
    return found


def _size(model: MaskedModel) -> dict[str, int]:
    return {"layers": int(model.inner.config.num_hidden_layers), "parameters": model.n_parameters()}


def _plan_lines(pretrainer: Pretrainer, plan: str, *, timed: bool) -> list[str]:
    fit, corpus, model = pretrainer.fit_settings, pretrainer.corpus, pretrainer.model
    n_tokens = len(corpus.train) * corpus.train.length
    lines = [
        f"corpus: {corpus.n_texts:,} texts, {n_tokens:,} tokens in blocks of {corpus.train.length}; "
        f"{len(corpus.valid):,} blocks held back",
        f"model: {model.inner.config.num_hidden_layers} layers, {model.n_parameters():,} parameters, "
        f"{4 * model.n_parameters() / 1e6:.0f} MB as float32",
        f"plan: {plan}; {pretrainer.tokens_per_update:,.0f} tokens each, at lr {fit.lr:g} in {fit.precision}",
    ]
    if (n_held := len(corpus.valid) * corpus.valid.length) < _FEW_TOKENS:
        lines.append(f"{n_held:,} tokens alone are held back: what is measured on them is rough")
    if timed:
        from limbeck.pretrain.amount import seconds_per_update

        seconds = pretrainer.n_updates() * seconds_per_update(pretrainer)
        lines.append(f"about {duration(seconds)}")
    return lines


def _writing_lines(settings: Asked, n_parameters: int) -> list[str]:
    """What the command would leave, and why it would not begin."""
    from limbeck.pretrain.record import NAME

    size, checkpoints = 4 * n_parameters / 1e6, checkpoints_of(settings.out).name
    return [
        f"would write {settings.out}: about {size:.0f} MB of weights; while it trains, {checkpoints} beside it: about "
        f"{6 * size:.0f} MB",
        *hindrance_lines(settings.out, NAME, resume=settings.resume, overwrite=settings.overwrite),
    ]


def _train(settings: Asked, pretrainer: Pretrainer, teacher: Mapping[str, Any] | None, sources: Sequence[str]) -> None:
    from limbeck.pretrain.saving import save

    checkpoints = checkpoints_of(settings.out)
    fit_there(lambda: pretrainer.fit(checkpoints, resume=settings.resume), checkpoints, resume=settings.resume)
    kept = {key: value for key, value in record(settings).items() if key not in _NOT_KEPT}
    kept |= {key: name_of(kept[key]) for key in ("model", "student") if kept.get(key)}
    kept |= {"corpus": [source if source.startswith(PREFIX) else Path(source).name for source in sources]}
    kept |= {key: value for key, value in record(pretrainer.fit_settings).items() if key in kept}
    say("saving")
    told = save(pretrainer, settings.out, settings=kept, teacher=teacher, overwrite=settings.overwrite)
    shutil.rmtree(checkpoints, ignore_errors=True)
    _print(told, settings, how="saved")


def _print(told: Mapping[str, Any], settings: Asked, *, how: str) -> None:
    if settings.json:
        print(json.dumps({"out": str(settings.out), **{key: told[key] for key in ("measured", "training")}}))
        return
    from limbeck.pretrain.record import called

    for name, value in told["measured"].items():
        print(f"valid {called(name)}: {value:.4f}")
    training = told["training"]
    print(
        f"{training['tokens']:,} tokens in {duration(training['seconds'])}: "
        f"{training['tokens_per_second']:,.0f} a second"
    )
    print(f"{how}: {settings.out}")
