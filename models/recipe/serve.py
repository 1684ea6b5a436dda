"""Writes a model folder as the page serves it: weight files, tokenizer.json, stems.json and the manifest model.json.

The format is DESIGN's "pagewise-model/1", its type `Manifest` in src/core/types.ts. Downloads are checked chunk by chunk against the manifest.
"""
import hashlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import checkpoint
import quantize
from deberta import Config
from encode import MAX_CHOICE, MAX_PREFIX, SEPARATOR
from evaluate import logits
from questions import Question

CHUNK_BYTES = 4 * 1024 * 1024
_dtype_names = {torch.uint8: 'U8', torch.int8: 'I8', torch.float16: 'F16', torch.float32: 'F32'}

# Written for this project. Every device answers it before it is accepted.
SELF_TEST = {
    'prompt': 'Which process lets a plant store the energy of sunlight as sugar?',
    'options': ['Photosynthesis', 'Respiration in the mitochondria', 'Transpiration of water from the leaves', 'Germination', 'Fermentation without oxygen'],
    'context': 'In their chloroplasts, plants turn carbon dioxide and water into sugar and oxygen. The light reactions of photosynthesis capture the '
    'energy of sunlight; the Calvin cycle then stores it in the bonds of sugar. Respiration releases that energy again.',
}  # fmt: skip


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Keeps the order given (the library sorts), so that a reader can unpack while bytes arrive; data starts at a multiple of 64 bytes."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {'dtype': _dtype_names[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-(8 + len(text)) % 64)
    with path.open('wb') as out:
        out.write(struct.pack('<Q', len(text)) + text)
        for tensor in tensors.values():
            out.write(np.ascontiguousarray(tensor.numpy()).tobytes())


def file_entry(path: Path, precision: str | None = None) -> dict:
    data = path.read_bytes()
    digest = lambda part: hashlib.sha256(part).hexdigest()
    entry = {'name': path.name, **({'precision': precision} if precision else {})}
    chunks = [digest(data[i : i + CHUNK_BYTES]) for i in range(0, len(data), CHUNK_BYTES)]
    return {**entry, 'bytes': len(data), 'sha256': digest(data), 'chunkBytes': CHUNK_BYTES, 'chunkSha256': chunks}


def write_weights(source: Path, target: Path, four_bit: dict[str, Tensor] | None) -> None:
    """fp16 (the checkpoint's own file), q8 and, where given, q4 weights, and the tokenizer, into folder `target`."""
    target.mkdir(parents=True, exist_ok=True)
    copies = {checkpoint.weights_file(source): target / 'weights.fp16.safetensors', source / 'tokenizer.json': target / 'tokenizer.json'}
    for original, copy in copies.items():
        if original.resolve() != copy.resolve():
            shutil.copyfile(original, copy)
    tensors = checkpoint.load_file(target / 'weights.fp16.safetensors')
    q8 = quantize.quantize(tensors, lambda _name, weight: quantize.quantize_blocks(weight, 8))
    write_safetensors(target / 'weights.q8.safetensors', q8)
    if four_bit:
        write_safetensors(target / 'weights.q4.safetensors', four_bit)


def write_manifest(target: Path, model_id: str, title: str, config: dict, scores: list[dict]) -> None:
    """model.json from the files in `target`. The tolerance of a precision is three times its own error on the self-test, with a floor for the
    arithmetic of devices (fp16 activations, activations rounded to 8 bits)."""
    encoder = checkpoint.load_encoder(target)
    question = Question(SELF_TEST['prompt'], SELF_TEST['options'], None, SELF_TEST['context'])
    floors = {'fp16': 0.25, 'q8': 0.5, 'q4': 1.0}
    answers = {}
    for precision in floors:
        path = target / f'weights.{precision}.safetensors'
        if path.exists():
            answers[precision] = logits(checkpoint.load_weights(path, Config.from_hugging_face(config)), encoder, [question])[0]
    expected = answers['fp16']  # fp16 weights, fp32 arithmetic: the reference
    error = lambda precision: max(abs(a - b) for a, b in zip(answers[precision], expected))
    tolerance = {'fp32': 0.001, **{precision: round(max(floors[precision], 3 * error(precision)), 3) for precision in answers}}
    weights = [file_entry(target / f'weights.{precision}.safetensors', precision) for precision in ('q8', 'q4', 'fp16') if precision in answers]
    manifest = {
        'format': 'pagewise-model/1', 'id': model_id, 'title': title, 'licence': 'Apache-2.0', 'source': 'models/recipe',
        'architecture': config['model_type'], 'config': config, 'layout': 'shared-prefix', 'maxTokens': {'prefix': MAX_PREFIX, 'choice': MAX_CHOICE},
        'template': '{context}' + SEPARATOR + '{prompt}',
        'files': [*weights, file_entry(target / 'tokenizer.json'), file_entry(target / 'stems.json')],
        'selfTest': {'question': SELF_TEST, 'logits': [round(v, 6) for v in expected], 'tolerance': tolerance},
        'scores': scores,
    }  # fmt: skip
    (target / 'model.json').write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + '\n')
