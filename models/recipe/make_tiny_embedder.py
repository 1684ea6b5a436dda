"""The tiny embedder of the tests (tests/fixtures/embedder): a sentence-transformers folder of 65 kB that transformers.js reads as BERT.

Its word embeddings are made, not learned: the words of a topic share a direction, so that "car" lies near "engine" and far from "lion" although they
share no letter. One attention layer without weights follows, so that a padded token which leaks into its neighbours is noticed. golden.json holds
NumPy's vectors of the same arithmetic, one text at a time and without padding.

  pip install onnx==1.23.2 numpy==2.4.6 tokenizers==0.23.3
  python models/recipe/make_tiny_embedder.py --out tests/fixtures/embedder
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

DIMENSIONS, MAX_TOKENS, SEED = 32, 64, 11
SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
TOPICS = {
    'astronomy': 'star sun planet moon orbit galaxy comet telescope universe asteroid solar lunar mars venus jupiter eclipse light',
    'biology': 'cell plant leaf photosynthesis chlorophyll oxygen sugar enzyme protein gene dna organism species bacteria tissue membrane',
    'vehicles': 'car automobile vehicle engine motor truck wheel brake fuel driver road highway piston petrol gasoline',
    'music': 'song melody piano violin orchestra rhythm chord harmony symphony composer singer guitar drum concert',
    'cooking': 'bread flour oven bake recipe soup salt butter cook kitchen dough yeast spice roast boil',
    'law': 'court judge law jury trial verdict lawyer statute crime contract appeal justice sentence evidence',
    'water': 'water river lake ocean sea rain flood wave tide stream ice snow evaporation cloud',
    'money': 'money bank price market tax interest loan inflation trade wage profit economy budget debt',
    'animals': 'lion tiger wolf dog cat horse bird fish whale insect bee eagle mammal reptile predator prey',
    'physics': 'force mass energy gravity velocity acceleration momentum electron proton atom charge field particle wavelength',
}
COMMON = 'the a an of in on to and or is are was were by for with from that which what how why does do it its they be as at not no has have this these query passage'
TEXTS = [
    'the engine of a car',
    'query: which motor does the truck have',
    'passage: photosynthesis in a leaf makes sugar and oxygen',
    'the judge and the jury',
    'a star is a sun',
    'unknownword 水 ?',
    '',
    ' '.join(['the river is water and ice'] * 20),
]


def vocabulary() -> list[str]:
    words = [*COMMON.split(), *(word for topic in TOPICS.values() for word in topic.split())]
    characters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = [f'##{chr(code)}' for code in range(97, 123)] + [f'##{digit}' for digit in range(10)]
    return SPECIALS + list(dict.fromkeys([*words, *characters, *pieces]))


def word_vectors(tokens: list[str], generator: np.random.Generator) -> np.ndarray:
    """[V, D]: topic direction + a third of noise; words of no topic and pieces are short, so that they count little in a mean."""
    directions = np.linalg.qr(generator.normal(size=(DIMENSIONS, DIMENSIONS)))[0]
    topic_of = {word: i for i, words in enumerate(TOPICS.values()) for word in words.split()}
    rows = generator.normal(size=(len(tokens), DIMENSIONS)) / np.sqrt(DIMENSIONS)
    for row, token in enumerate(tokens):
        rows[row] = directions[topic_of[token]] * 2 + rows[row] * 0.7 if token in topic_of else rows[row] * 0.3
    return rows.astype(np.float32)


def tokenizer(tokens: list[str]) -> Tokenizer:
    made = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token='[UNK]', max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.add_special_tokens(SPECIALS)
    ends = [(token, tokens.index(token)) for token in ('[CLS]', '[SEP]')]
    made.post_processor = processors.TemplateProcessing(single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B:1 [SEP]:1', special_tokens=ends)
    return made


def graph(embeddings: np.ndarray) -> onnx.ModelProto:
    """h = E[ids]; out = LayerNorm(h + softmax(h hᵀ / √D + mask) h / 2). token_type_ids are taken, as BERT's exports do, and add nothing."""
    scalar = lambda name, value: numpy_helper.from_array(np.array(value, np.float32), name)
    ones, zeros = np.ones(DIMENSIONS, np.float32), np.zeros(DIMENSIONS, np.float32)
    initializers = [
        numpy_helper.from_array(embeddings, 'embeddings'),
        scalar('root', 1 / np.sqrt(DIMENSIONS)), scalar('half', 0.5), scalar('one', 1), scalar('far', -1e9), scalar('zero', 0),
        numpy_helper.from_array(ones, 'gain'), numpy_helper.from_array(zeros, 'bias'),
        numpy_helper.from_array(np.array([1], np.int64), 'axis1'), numpy_helper.from_array(np.array([2], np.int64), 'axis2'),
    ]  # fmt: skip
    node = helper.make_node
    nodes = [
        node('Gather', ['embeddings', 'input_ids'], ['words']),
        node('Cast', ['token_type_ids'], ['types'], to=TensorProto.FLOAT),
        node('Mul', ['types', 'zero'], ['no_types']),
        node('Unsqueeze', ['no_types', 'axis2'], ['added']),
        node('Add', ['words', 'added'], ['h']),
        node('Transpose', ['h'], ['ht'], perm=[0, 2, 1]),
        node('MatMul', ['h', 'ht'], ['products']),
        node('Mul', ['products', 'root'], ['scaled']),
        node('Cast', ['attention_mask'], ['mask'], to=TensorProto.FLOAT),
        node('Sub', ['one', 'mask'], ['padded']),
        node('Mul', ['padded', 'far'], ['far_padded']),
        node('Unsqueeze', ['far_padded', 'axis1'], ['barred']),
        node('Add', ['scaled', 'barred'], ['scores']),
        node('Softmax', ['scores'], ['weights'], axis=-1),
        node('MatMul', ['weights', 'h'], ['seen']),
        node('Mul', ['seen', 'half'], ['half_seen']),
        node('Add', ['h', 'half_seen'], ['sum']),
        node('LayerNormalization', ['sum', 'gain', 'bias'], ['last_hidden_state'], axis=-1, epsilon=1e-12),
    ]
    ids = lambda name: helper.make_tensor_value_info(name, TensorProto.INT64, ['batch', 'tokens'])
    out = helper.make_tensor_value_info('last_hidden_state', TensorProto.FLOAT, ['batch', 'tokens', DIMENSIONS])
    whole = helper.make_graph(nodes, 'tiny-embedder', [ids('input_ids'), ids('attention_mask'), ids('token_type_ids')], [out], initializers)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid('', 17)], ir_version=8, producer_name='make_tiny_embedder')
    onnx.checker.check_model(model, full_check=True)
    return model


def embed(ids: list[int], embeddings: np.ndarray) -> dict[str, list[float]]:
    """The graph in NumPy, in double precision, for one text; pooled both ways, length 1."""
    h = embeddings[ids].astype(np.float64)
    scores = h @ h.T / np.sqrt(DIMENSIONS)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    total = h + weights / weights.sum(-1, keepdims=True) @ h / 2
    centred = total - total.mean(-1, keepdims=True)
    hidden = centred / np.sqrt(centred.var(-1, keepdims=True) + 1e-12)
    length_one = lambda row: [round(float(x), 7) for x in row / np.linalg.norm(row)]
    return {'mean': length_one(hidden.mean(0)), 'cls': length_one(hidden[0])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True)
    out = parser.parse_args().out
    tokens = vocabulary()
    embeddings = word_vectors(tokens, np.random.default_rng(SEED))
    made = tokenizer(tokens)

    def write(name: str, value: object) -> None:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + '\n')

    shape = dict(hidden_size=DIMENSIONS, num_hidden_layers=1, num_attention_heads=1, intermediate_size=DIMENSIONS, vocab_size=len(tokens))
    write('config.json', dict(architectures=['BertModel'], model_type='bert', max_position_embeddings=MAX_TOKENS, pad_token_id=0, **shape))
    write('tokenizer.json', json.loads(made.to_str()))
    special = dict(cls_token='[CLS]', sep_token='[SEP]', pad_token='[PAD]', unk_token='[UNK]', mask_token='[MASK]')
    write('tokenizer_config.json', dict(tokenizer_class='BertTokenizer', do_lower_case=True, **special))
    write('1_Pooling/config.json', dict(word_embedding_dimension=DIMENSIONS, pooling_mode_cls_token=False, pooling_mode_mean_tokens=True))
    write('config_sentence_transformers.json', dict(prompts=dict(query='query: ', passage='passage: ')))
    (out / 'onnx').mkdir(exist_ok=True)
    onnx.save(graph(embeddings), str(out / 'onnx' / 'model.onnx'))
    # transformers.js cuts a long text after its special tokens are added, so that [SEP] is lost: the reference does the same.
    items = [dict(text=text, **embed(made.encode(text).ids[:MAX_TOKENS], embeddings)) for text in TEXTS]
    versions = f'onnx {onnx.__version__}, numpy {np.__version__}'
    (out / 'golden.json').write_text(
        json.dumps(dict(made_by='models/recipe/make_tiny_embedder.py', versions=versions, items=items), ensure_ascii=False) + '\n'
    )


if __name__ == '__main__':
    main()
