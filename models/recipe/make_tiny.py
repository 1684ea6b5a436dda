"""The tiny model of the tests (tests/fixtures/tiny): random weights, the embedded model's shape in small (2 layers of 64, 4 heads), all three
weight files, a WordPiece vocabulary cut from the embedded model's, and golden logits. Software WebGPU runs it in a fraction of a second.

Weights are drawn wide, so that every term of the graph moves the logits: a mistake in any of them shows.
"""
import argparse
import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import tokenizers
import torch
from torch import nn

import checkpoint
import quantize
import serve
from deberta import Config, SharedPrefixModel
from encode import Encoder
from make_golden import golden_item
from questions import Question
from stems import write_stems

MAX_PREFIX, MAX_CHOICE = 96, 32
SEED = 7
SHAPE = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, position_buckets=24, max_position_embeddings=160)
CONTEXT = 'Plants turn light, water and carbon dioxide into sugar. Animals eat plants and breathe the oxygen that plants release.'
# fmt: off
QUESTIONS = [
    Question('Where does the oxygen come from?', ['plants', 'animals', 'the light', 'sugar and water', 'carbon'], None, CONTEXT),
    Question('Where does the oxygen come from?', ['plants', 'animals', 'the light', 'sugar and water', 'carbon'], None),
    Question('Which is larger?', ['the sun', 'the moon'], None),
    Question('Which is larger?', ['the sun', 'the moon', 'the sun'], None, 'The moon is far smaller than the sun.'),
    Question('Naïve Ünïcode: 水 or α-helix?', ['水', 'α', '—', '½', 'x²', '🙂', 'ok', 'no'], None, 'A word that nobody knows: 水.'),
    Question('Pick the long one. ' * 30, ['short', 'a longer option, ' * 20, 'one'], None, CONTEXT),
    Question('?', ['yes', 'no', 'perhaps', 'not at all, since it is not known'], None, CONTEXT * 5),
]
# fmt: on


def tiny_tokenizer(source: dict, texts: list[str]) -> dict:
    """The special tokens, all ASCII characters and the words of `texts`, numbered anew in the order of the source."""
    lower = ' '.join(texts).lower()
    words = {word.strip('.,:?!') for word in lower.split()}
    characters = {chr(code) for code in range(33, 127)} | {f'##{chr(code)}' for code in range(97, 123)} | set(lower)
    specials = {token['content'] for token in source['added_tokens']}
    kept = [token for token in source['model']['vocab'] if token in words | characters | specials]
    vocabulary = {token: i for i, token in enumerate(kept)}
    added = [{**token, 'id': vocabulary[token['content']]} for token in source['added_tokens']]
    model = {**source['model'], 'vocab': vocabulary}
    return {**source, 'truncation': None, 'padding': None, 'post_processor': None, 'added_tokens': added, 'model': model}


def random_model(vocabulary: int) -> SharedPrefixModel:
    torch.manual_seed(SEED)
    model = SharedPrefixModel(Config(vocab_size=vocabulary, dropout=0.0, **SHAPE))
    for module in model.modules():
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 1.5 / module.in_features**0.5)
            nn.init.normal_(module.bias, 0, 0.2)
        elif isinstance(module, nn.LayerNorm):
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias, 0, 0.2)
    nn.init.normal_(model.classifier.weight)
    model.late_interaction.scale.data.fill_(5.0)
    return model.eval()


def write_folder(target: Path, source_tokenizer: Path) -> None:
    own = serve.SELF_TEST
    texts = [own['prompt'], own['context'], *own['options']] + [part for q in QUESTIONS for part in (q.prompt, q.context or '', *q.options)]
    tokenizer = tiny_tokenizer(json.loads(source_tokenizer.read_text()), texts)
    with TemporaryDirectory() as scratch:
        trained = Path(scratch)
        (trained / 'vocabulary.json').write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(',', ':')))
        checkpoint.save(trained, random_model(len(tokenizer['model']['vocab'])), trained / 'vocabulary.json')
        tensors = checkpoint.load_file(trained / 'model.safetensors')
        four_bit = quantize.quantize(tensors, lambda _name, weight: quantize.quantize_blocks(weight, 4))
        serve.write_weights(trained, target, four_bit)
        write_stems(target / 'stems.json', Counter(), 1)
        serve.write_manifest(target, 'tiny', 'Tiny random model', checkpoint.config_of(trained), [])
    manifest = json.loads((target / 'model.json').read_text())
    manifest['maxTokens'] = {'prefix': MAX_PREFIX, 'choice': MAX_CHOICE}
    (target / 'model.json').write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + '\n')


def write_golden(target: Path) -> None:
    """`logits`: what the fp16 file says in fp32 arithmetic. `q8`, `q4`: what those files say, so that a reader can be held to their bits."""
    config = Config.from_hugging_face(json.loads((target / 'model.json').read_text())['config'])
    encoder = Encoder(target / 'tokenizer.json', MAX_PREFIX, MAX_CHOICE)
    made_by = {'command': 'make_tiny.py', 'torch': torch.__version__, 'tokenizers': tokenizers.__version__}

    def items_of(precision: str) -> list[dict]:
        model = checkpoint.load_weights(target / f'weights.{precision}.safetensors', config)
        return [golden_item(model, encoder, question) for question in QUESTIONS]

    q8, q4 = items_of('q8'), items_of('q4')
    items = [{**item, 'q8': q8[i]['logits'], 'q4': q4[i]['logits']} for i, item in enumerate(items_of('fp16'))]
    head = json.dumps({'madeBy': made_by, 'maxPrefix': MAX_PREFIX, 'maxChoice': MAX_CHOICE})[:-1]
    lines = ',\n'.join(json.dumps(item, ensure_ascii=False) for item in items)
    (target / 'golden.json').write_text(f'{head}, "items": [\n{lines}\n]}}\n')


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--target', type=Path, default=root / 'tests/fixtures/tiny')
    parser.add_argument('--tokenizer', type=Path, default=root / 'models/default/tokenizer.json')
    args = parser.parse_args()
    args.target.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    write_folder(args.target, args.tokenizer)
    write_golden(args.target)


if __name__ == '__main__':
    main()
