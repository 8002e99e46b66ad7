"""Text to token ids: the one room that training, runtime and explanations share (numpy and tokenizers only).

Which tokens of an overlong text are kept, how a long text falls into windows, and what counts as blank are decided
here and recorded in ``limbeck.json``. Every other preparation is in ``tokenizer.json`` or nowhere.
"""

from limbeck.text.blank import clean, is_blank
from limbeck.text.encode import Encoded, Encoder, Input, texts_in
from limbeck.text.learn import learn_wordpiece
from limbeck.text.settings import TextSettings

__all__ = ["Encoded", "Encoder", "Input", "TextSettings", "clean", "is_blank", "learn_wordpiece", "texts_in"]
