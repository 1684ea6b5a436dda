"""Questions to token ids and padded arrays, layout shared-prefix: prefix = [CLS] (context " #### ")? prompt [SEP], choice = [CLS] option [SEP].

Text is text: "[SEP]" typed by a user never becomes a special token. The context is cut to what the prefix has room for; a prompt over the
budget keeps its end, an option its beginning. src/core/encode/shared-prefix.ts does the same; tests/fixtures/default/golden.json binds both.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

MAX_PREFIX, MAX_CHOICE = 176, 96
SEPARATOR = ' #### '
SMALLEST_CONTEXT = 8  # tokens; less room than this and the context is left out


@dataclass
class Encoded:
    prefix: list[int]
    context_tokens: int  # tokens 1 … context_tokens of the prefix are the context
    choices: list[list[int]]

    @property
    def tokens(self) -> int:
        return len(self.prefix) + sum(map(len, self.choices))


class Encoder:
    def __init__(self, tokenizer_json: Path, max_prefix: int = MAX_PREFIX, max_choice: int = MAX_CHOICE):
        self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self._first, self._last = self._tokenizer.token_to_id('[CLS]'), self._tokenizer.token_to_id('[SEP]')
        self._separator = self.ids(SEPARATOR)
        self._max_prefix, self._max_choice = max_prefix, max_choice

    def ids(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def question(self, prompt: str, options: Sequence[str], context: str | None) -> Encoded:
        middle = self.ids(prompt)[-(self._max_prefix - 2) :]
        room = self._max_prefix - 2 - len(middle) - len(self._separator)
        passage = self.ids(context)[:room] if context and room > SMALLEST_CONTEXT else []
        prefix = [self._first, *(passage + self._separator if passage else []), *middle, self._last]
        choices = [[self._first, *self.ids(option)[: self._max_choice - 2], self._last] for option in options]
        return Encoded(prefix, len(passage), choices)


@dataclass
class Batch:
    """Arguments of SharedPrefixModel.forward, and which choices exist."""

    prefix_ids: Tensor
    prefix_mask: Tensor
    choice_ids: Tensor
    choice_mask: Tensor
    context_mask: Tensor
    missing: Tensor  # [Q, C], 0 or -1e4: added to the logits

    def inputs(self) -> tuple[Tensor, ...]:
        return self.prefix_ids, self.prefix_mask, self.choice_ids, self.choice_mask, self.context_mask

    def to(self, device: str) -> 'Batch':
        return Batch(**{k: v.to(device) for k, v in vars(self).items()})


def collate(questions: Sequence[Encoded], extra_prefix: int = 0, extra_choice: int = 0) -> Batch:
    """Pads prefixes on the left and choices on the right, to the longest plus `extra_*` (for tests)."""
    count = len(questions)
    p_len = max(len(q.prefix) for q in questions) + extra_prefix
    o_len = max(len(c) for q in questions for c in q.choices) + extra_choice
    c_len = max(len(q.choices) for q in questions)
    prefix_ids, prefix_mask, context_mask = (torch.zeros(count, p_len, dtype=torch.long) for _ in range(3))
    choice_ids, choice_mask = (torch.zeros(count, c_len, o_len, dtype=torch.long) for _ in range(2))
    missing = torch.zeros(count, c_len)
    for i, q in enumerate(questions):
        start = p_len - len(q.prefix)
        prefix_ids[i, start:] = torch.tensor(q.prefix)
        prefix_mask[i, start:] = 1
        context_mask[i, start + 1 : start + 1 + q.context_tokens] = 1
        for j, choice in enumerate(q.choices):
            choice_ids[i, j, : len(choice)] = torch.tensor(choice)
            choice_mask[i, j, : len(choice)] = 1
        missing[i, len(q.choices) :] = -1e4
        choice_mask[i, len(q.choices) :, 0] = 1  # a softmax over nothing would be NaN
    return Batch(prefix_ids, prefix_mask, choice_ids, choice_mask, context_mask, missing)
