"""Exported files against timm: ONNX through ONNX Runtime, timm-dir through timm itself.

    REXNET=target/release/rexnet python tools/parity/export.py     # needs torch, timm, onnx and onnxruntime

Each network gets generated weights in timm's names, goes through `rexnet export`, and comes back.
"""
import pathlib
import tempfile

import onnx
import onnxruntime
import timm
import torch
from safetensors.torch import save_file

from common import counter, finish, rexnet, row, shake

# Our name, timm's model and its arguments.
NETS = [('rexnet_100', 'rexnet_100', {}), ('rexnet_090', 'rexnet_100', {'width_mult': 0.9}),
        ('rexnet:1.4', 'rexnet_100', {'width_mult': 1.4}), ('rexnet_300', 'rexnet_300', {}),
        ('rexnetr_200', 'rexnetr_200', {}), ('rexnetr_300', 'rexnetr_300', {}),
        ('mobilenetv2_100', 'mobilenetv2_100', {}), ('efficientnet_b0', 'efficientnet_b0', {}),
        ('tf_efficientnet_lite0', 'tf_efficientnet_lite0', {})]
LIMIT = 1e-4  # of the largest logit


def onnx_logits(path, pixels):
    """Logits by ONNX Runtime, of a file that onnx's own checker accepts."""
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    return session.run(['logits'], {'pixels': pixels})[0]


def main():
    pixels = counter.uniform('pixels', (3, 3, 224, 224), -2, 2)
    for name, architecture, args in NETS:
        model = shake(timm.create_model(architecture, **args))
        with torch.no_grad():
            wanted = model(torch.from_numpy(pixels)).numpy()
        largest = max(1.0, abs(wanted).max())
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            weights = folder / 'weights.safetensors'
            save_file(model.state_dict(), weights)
            rexnet('export', name, '--weights', weights, '--to', 'onnx', '--out', folder / 'net.onnx')
            got = onnx_logits(folder / 'net.onnx', pixels)
            off = float(abs(got - wanted).max() / largest)
            row('onnx in ONNX Runtime', name, off, LIMIT, off <= LIMIT)
            rexnet('export', name, '--weights', weights, '--to', 'timm-dir', '--out', folder / 'timm')
            again = timm.create_model(f'local-dir:{folder}/timm', pretrained=True).eval()
            with torch.no_grad():
                got = again(torch.from_numpy(pixels)).numpy()
            off = float(abs(got - wanted).max())
            row('timm-dir in timm', name, off, 0, off == 0)
    finish()


if __name__ == '__main__':
    main()
