"""Exports a checkpoint's *ForMultipleChoice as people do, for the benchmark of layout pairs: torch.onnx.export in float, and onnxruntime's
dynamic int8 of that file. Writes FOLDER/onnx/model.onnx and FOLDER/onnx/model_int8.onnx.

The command (`--dynamo` for the exporter that torch.export feeds; the default is the one that traces, which most exports on the Hub come from):
  pip install onnx onnxruntime
  python tests/bench/export_onnx.py FOLDER ... [--dynamo]
"""

import sys
import warnings
from pathlib import Path

import onnx
import onnxruntime
import torch
import transformers
from onnxruntime.quantization import QuantType, quantize_dynamic

warnings.filterwarnings("ignore")
IS_DYNAMO = "--dynamo" in sys.argv
FOLDERS = [Path(path) for path in sys.argv[1:] if not path.startswith("--")]


def names_of(model):
    has_types = getattr(model.config, "type_vocab_size", 0) > 1
    return ["input_ids", "attention_mask", *(["token_type_ids"] if has_types else [])]


class Logits(torch.nn.Module):
    """Inputs by position, as a trace wants them; the logits alone."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.names = names_of(model)

    def forward(self, *inputs):
        return self.model(**dict(zip(self.names, inputs))).logits


def export(folder):
    model = transformers.AutoModelForMultipleChoice.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    names = names_of(model)
    (folder / "onnx").mkdir(exist_ok=True)
    path = folder / "onnx/model.onnx"
    example = tuple(torch.ones((2, 4, 24), dtype=torch.long) for _ in names)
    axes = {0: "batch", 1: "choices", 2: "tokens"}
    if IS_DYNAMO:
        dynamic = dict(dynamic_shapes=(tuple({k: torch.export.Dim(v) for k, v in axes.items()} for _ in names),), dynamo=True)
    else:
        dynamic = dict(dynamic_axes={**{name: axes for name in names}, "logits": {0: "batch", 1: "choices"}}, dynamo=False)
    torch.onnx.export(
        Logits(model).eval(), example, str(path), input_names=names, output_names=["logits"], opset_version=17, external_data=False, **dynamic
    )
    ids = torch.randint(5, 1000, (1, 5, 37))
    feeds = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (logits,) = session.run(["logits"], {name: feeds[name].numpy() for name in names})
    with torch.no_grad():
        error = (torch.from_numpy(logits) - model(**{name: feeds[name] for name in names}).logits).abs().max().item()
    assert error < 1e-3, f"the exported graph is off by {error}"
    quantize_dynamic(str(path), str(folder / "onnx/model_int8.onnx"), weight_type=QuantType.QInt8)
    sizes = [f"{(folder / 'onnx' / name).stat().st_size / 1e6:.0f} MB" for name in ("model.onnx", "model_int8.onnx")]
    nodes = len(onnx.load(str(path)).graph.node)
    print(f"{folder.name}: {nodes} nodes, fp32 {sizes[0]}, int8 {sizes[1]}, off PyTorch by {error:.1e}", flush=True)


for each in FOLDERS:
    export(each)
