"""Whether what ConvScope exports computes what ConvScope computes.

    python export_check.py FOLDER

FOLDER holds what `convscope export` has written (model.py, weights.safetensors, model.onnx),
`pictures.bin`, 64 pictures as bytes (N, C, H, W), and `logits.json`, what `convscope predict` says of them:
`{"shape": [C, H, W], "logits": [[…], …]}`. Prints one line of JSON with the largest distance of a logit from
the program's, by PyTorch and by ONNX. Needs torch, safetensors, onnx and onnxruntime.
"""

import importlib.util
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime
import torch
from safetensors.torch import load_file


def load_module(path):
    """The exported file as a module, whatever folder it lies in."""
    spec = importlib.util.spec_from_file_location("exported", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_pytorch(module, folder, pictures):
    """Logits of the exported module, its parameters loaded strictly."""
    net = module.build()
    net.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
    with torch.no_grad():
        return net(module.preprocess(torch.from_numpy(pictures))).numpy()


def by_onnx(module, folder, pictures):
    """Logits of the ONNX model, in batches of two sizes."""
    path = folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = module.preprocess(torch.from_numpy(pictures)).numpy()
    parts = [x[:1], x[1:]]
    return numpy.concatenate([session.run(["logits"], {"input": part})[0] for part in parts])


def main():
    torch.set_num_threads(1)
    folder = pathlib.Path(sys.argv[1])
    told = json.loads((folder / "logits.json").read_text())
    pictures = numpy.fromfile(folder / "pictures.bin", dtype=numpy.uint8).reshape(-1, *told["shape"])
    expected = numpy.array(told["logits"])
    module = load_module(folder / "model.py")
    result = {"pictures": len(pictures), "largest": float(numpy.abs(expected).max())}
    for name, logits in [("pytorch", by_pytorch), ("onnx", by_onnx)]:
        found = logits(module, folder, pictures).reshape(len(pictures), -1)
        assert found.shape == expected.shape, (name, found.shape, expected.shape)
        result[name] = float(numpy.abs(found - expected).max())
    metadata = {p.key: p.value for p in onnx.load(folder / "model.onnx").metadata_props}
    assert json.loads(metadata["classes"]) == module.CLASSES
    print(json.dumps(result))


if __name__ == "__main__":
    main()
