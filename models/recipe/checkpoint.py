"""Checkpoint folders: as trained (config.json, model.safetensors, tokenizer.json) or as served (model.json, weights.fp16.safetensors,
tokenizer.json). Both load; training writes the first, serve.py the second."""
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import quantize
from deberta import Config, SharedPrefixModel
from encode import Encoder


def weights_file(folder: Path) -> Path:
    trained = folder / 'model.safetensors'
    return trained if trained.exists() else folder / 'weights.fp16.safetensors'


def config_of(folder: Path) -> dict:
    """The Hugging Face config."""
    trained = folder / 'config.json'
    return json.loads(trained.read_text()) if trained.exists() else json.loads((folder / 'model.json').read_text())['config']


def load(folder: Path) -> SharedPrefixModel:
    """The model in fp32 and evaluation mode."""
    return load_weights(weights_file(folder), Config.from_hugging_face(config_of(folder)))


def load_weights(path: Path, config: Config) -> SharedPrefixModel:
    """From any weight file, quantized ones included: fp32 and evaluation mode."""
    model = SharedPrefixModel(config)
    model.load_state_dict(quantize.dequantize(load_file(path)))
    return model.eval()


def load_encoder(folder: Path) -> Encoder:
    return Encoder(folder / 'tokenizer.json')


def save(folder: Path, model: SharedPrefixModel, tokenizer_json: Path) -> None:
    """Writes fp16 weights; the file appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.json').write_text(json.dumps(model.config.to_hugging_face(), indent=1) + '\n')
    partial = folder / 'model.safetensors.partial'
    halves: dict[str, torch.Tensor] = {name: tensor.half().cpu().contiguous() for name, tensor in model.state_dict().items()}
    save_file(halves, partial)
    partial.replace(folder / 'model.safetensors')
    if tokenizer_json.resolve() != (folder / 'tokenizer.json').resolve():
        shutil.copyfile(tokenizer_json, folder / 'tokenizer.json')
