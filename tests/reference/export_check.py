"""Whether what ConvScope exports computes what ConvScope computes.

    python export_check.py FOLDER

FOLDER holds what `convscope export` has written (model.py, weights.safetensors, model.onnx),
`pictures.bin`, 64 pictures as bytes (N, C, H, W), and `logits.json`, what `convscope predict` says of them:
`{"shape": [C, H, W], "logits": [[…], …]}`. Prints one line of JSON with the largest distance of a logit from
the program's, by PyTorch and by ONNX. Needs onnx and onnxruntime, and torch and safetensors for the first of the
two, which is `null` without them.
"""

import importlib.util
import json
import pathlib
import sys

import numpy
import onnx
import onnxruntime

try:
    import torch
    from safetensors.torch import load_file
except ModuleNotFoundError:
    torch = None


def load_module(path):
    """The exported file as a module, whatever folder it lies in."""
    spec = importlib.util.spec_from_file_location("exported", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def by_pytorch(folder, pictures):
    """Logits of the exported module, its parameters loaded strictly."""
    torch.set_num_threads(1)
    module = load_module(folder / "model.py")
    net = module.build()
    net.load_state_dict(load_file(folder / "weights.safetensors"), strict=True)
    with torch.no_grad():
        return net(module.preprocess(torch.from_numpy(pictures))).numpy()


def preprocessed(pictures, metadata):
    """Bytes (N, C, H, W) to what the net expects, by the constants in the model's metadata."""
    mean, scale = (
        numpy.array(json.loads(metadata[f"normalisation_{key}"]), dtype=numpy.float32) for key in ["mean", "scale"]
    )
    n, channels, height, width = pictures.shape
    if "permutation" in metadata:
        places = json.loads(metadata["permutation"])
        pictures = pictures.reshape(n, channels, -1)[:, :, places].reshape(pictures.shape)
    # A mean for each channel, or one for each of its pixels.
    mean = mean.reshape(channels, *([1, 1] if len(mean) == channels else [height, width]))
    return (pictures.astype(numpy.float32) / 255 - mean) * scale.reshape(channels, 1, 1)


def by_onnx(folder, pictures):
    """Logits of the ONNX model, in batches of two sizes."""
    path = folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    metadata = {property.key: property.value for property in onnx.load(path).metadata_props}
    assert len(json.loads(metadata["classes"])) > 1
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    x = preprocessed(pictures, metadata)
    parts = [x[:1], x[1:]]
    return numpy.concatenate([session.run(["logits"], {"input": part})[0] for part in parts])


def main():
    folder = pathlib.Path(sys.argv[1])
    told = json.loads((folder / "logits.json").read_text())
    pictures = numpy.fromfile(folder / "pictures.bin", dtype=numpy.uint8).reshape(-1, *told["shape"])
    expected = numpy.array(told["logits"])

    def distance(logits):
        found = logits(folder, pictures).reshape(len(pictures), -1)
        assert found.shape == expected.shape, (logits.__name__, found.shape, expected.shape)
        return float(numpy.abs(found - expected).max())

    result = {
        "pictures": len(pictures),
        "largest": float(numpy.abs(expected).max()),
        "pytorch": distance(by_pytorch) if torch else None,
        "onnx": distance(by_onnx),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
