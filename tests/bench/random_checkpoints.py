"""Makes multiple-choice checkpoints of full size with random weights, for load, memory and speed. None is committed.

A folder is what save_pretrained writes, with a tokenizer of the architecture's kind, trained on public/samples and filled up to the full
vocabulary, and golden.json: PyTorch's logits for the first questions of public/samples. The classifier alone is not random: it reads the
direction in which the options of these questions differ most, as a trained one would, scaled so that they are 1 apart (standard deviation). An
error of a logit can be read against that.

The command (nothing is downloaded; tests/fixtures/make_checkpoints.py, whose tokenizers are used, wants sentencepiece):
  PYTHONPATH=deps python tests/bench/random_checkpoints.py OUT [name ...]
"""

import csv
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT, NAMES = Path(sys.argv[1]), sys.argv[2:]
sys.argv[1:] = []
sys.path.insert(0, str(ROOT / "tests/fixtures"))

import make_checkpoints as tiny  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

SAMPLE = ROOT / "public/samples/science-exam-context.csv"
TRAINED_PIECES = 8000
GOLDEN_QUESTIONS = 6
BASE = dict(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
LARGE = dict(hidden_size=1024, num_hidden_layers=24, num_attention_heads=16, intermediate_size=4096)
# Twice the usual spread, so that attention has preferences and an option shows at the first token.
RANDOM = dict(initializer_range=0.04)
BERT = dict(vocab_size=30522, max_position_embeddings=512, type_vocab_size=2)
ROBERTA = dict(
    vocab_size=50265, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
    pad_token_id=1, bos_token_id=0, eos_token_id=2,
)  # fmt: skip
MPNET = dict(vocab_size=30527, max_position_embeddings=514, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0, eos_token_id=2)
DEBERTA_V3 = dict(
    vocab_size=128100, max_position_embeddings=512, type_vocab_size=0, relative_attention=True, position_buckets=256,
    max_relative_positions=-1, norm_rel_ebd="layer_norm", share_att_key=True, pos_att_type=["p2c", "c2p"],
    position_biased_input=False, layer_norm_eps=1e-7, pad_token_id=0, pooler_hidden_act="gelu", pooler_dropout=0,
)  # fmt: skip
LONGFORMER = dict(ROBERTA, max_position_embeddings=4098, attention_window=[512] * 12, sep_token_id=2)

# name: (config class, config, tokenizer kind, tokenizer class, tokens of the tokenizer, tokens of a pair)
SHAPES = {
    "bert-base": ("Bert", {**BASE, **BERT}, "wordpiece", "BertTokenizer", 30522, 512),
    "bert-large": ("Bert", {**LARGE, **BERT}, "wordpiece", "BertTokenizer", 30522, 512),
    "roberta-base": ("Roberta", {**BASE, **ROBERTA}, "byte-bpe", "RobertaTokenizer", 50265, 512),
    "mpnet-base": ("MPNet", {**BASE, **MPNET}, "mpnet", "MPNetTokenizer", 30527, 512),
    "deberta-v3-base": ("DebertaV2", {**BASE, **DEBERTA_V3}, "unigram", "DebertaV2Tokenizer", 128001, 512),
    "deberta-v3-large": ("DebertaV2", {**LARGE, **DEBERTA_V3}, "unigram", "DebertaV2Tokenizer", 128001, 512),
    "longformer-base": ("Longformer", {**BASE, **LONGFORMER}, "byte-bpe", "LongformerTokenizer", 50265, 4096),
}
TOKENIZERS = {
    "wordpiece": tiny.wordpiece_tokenizer,
    "unigram": tiny.unigram_tokenizer,
    "byte-bpe": tiny.byte_bpe_tokenizer,
    "mpnet": tiny.mpnet_tokenizer,
}


def sample_rows():
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sample_lines():
    return [text for row in sample_rows() for text in (row["context"], row["prompt"], *(row[letter] for letter in "ABCDE"))]


def fill_up(backend, size):
    """The tokenizer with pieces that no text holds, until it has `size` tokens; tokens outside the model's vocabulary stay last."""
    file = json.loads(backend.to_str())
    vocabulary = file["model"]["vocab"]
    outside = [token for token in file["added_tokens"] if token["id"] >= len(vocabulary)]
    fillers = [f"\u2400{i}" for i in range(len(vocabulary), size - len(outside))]
    if isinstance(vocabulary, list):
        lowest = min(score for _, score in vocabulary)
        vocabulary += [[piece, lowest - 1] for piece in fillers]
    else:
        vocabulary.update({piece: len(vocabulary) + i for i, piece in enumerate(fillers)})
    for i, token in enumerate(outside):
        token["id"] = len(vocabulary) + i
    return Tokenizer.from_str(json.dumps(file))


def golden_rows(tokenizer, max_tokens):
    for row in sample_rows()[:GOLDEN_QUESTIONS]:
        question = ("sample", row["context"], row["prompt"], [row[letter] for letter in "ABCDE"])
        yield question, tiny.encode_pairs(tokenizer, tiny.first_text(row["context"], row["prompt"]), question[3], max_tokens)


def fit_classifier(model, score_all):
    """Its weight becomes the first principal component of what it is given, the mean of each question taken out."""
    given = []
    hook = model.classifier.register_forward_hook(lambda _module, inputs, _output: given.append(inputs[0]))
    score_all()
    hook.remove()
    differences = torch.cat([pooled - pooled.mean(0) for pooled in given])
    direction = torch.linalg.svd(differences, full_matrices=False).Vh[0]
    model.classifier.weight.copy_(direction / (differences @ direction).std())
    model.classifier.bias.zero_()


@torch.no_grad()
def make(name):
    architecture, config, kind, tokenizer_class, size, max_tokens = SHAPES[name]
    folder = OUT / name
    tiny.VOCABULARY_SIZE, tiny.MAX_LENGTH = TRAINED_PIECES, max_tokens
    backend = fill_up(TOKENIZERS[kind](sample_lines()), size)
    tokenizer = tiny.save_tokenizer(folder, backend, kind, tokenizer_class)
    torch.manual_seed(1)
    settings = getattr(transformers, f"{architecture}Config")(**config, **RANDOM)
    settings._attn_implementation = "eager"
    model = getattr(transformers, f"{architecture}ForMultipleChoice")(settings).eval()
    rows = list(golden_rows(tokenizer, max_tokens))
    score = lambda pairs: tiny.score(model, pairs, max(len(pair["input_ids"]) for pair in pairs))  # noqa: E731
    fit_classifier(model, lambda: [score(pairs) for _, pairs in rows])
    items = [
        {
            "note": note, "prompt": prompt, "context": context, "options": options,
            "input_ids": [pair["input_ids"] for pair in pairs],
            "token_type_ids": [pair["token_type_ids"] for pair in pairs],
            "attention_lengths": [len(pair["input_ids"]) for pair in pairs],
            "logits": [round(logit, 6) for logit in score(pairs).tolist()],
        }
        for (note, context, prompt, options), pairs in rows
    ]  # fmt: skip
    model.save_pretrained(folder, max_shard_size="10GB")
    tiny.write_json(folder / "golden.json", {"madeBy": tiny.MADE_BY, "layout": "pairs", "items": items})
    weights = (folder / "model.safetensors").stat().st_size
    longest = max(length for item in items for length in item["attention_lengths"])
    print(f"{name}: {weights / 1e6:.0f} MB, pairs of the golden questions up to {longest} tokens", flush=True)


if __name__ == "__main__":
    for chosen in NAMES or SHAPES:
        make(chosen)
