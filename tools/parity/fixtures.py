"""timm's logits for crates/weights/tests/onnx_timm.rs: shaken weights, eleven classes, three pictures of 64x96.

    python tools/parity/fixtures.py        # needs torch and timm
"""
import json

import timm
import torch

from common import ROOT, counter, shake

NETS = {'rexnet_100': {}, 'rexnet:1.4': {'width_mult': 1.4}, 'rexnetr_200': {}, 'mobilenetv2_100': {},
        'efficientnet_b0': {}, 'tf_efficientnet_lite0': {}}


def main():
    pixels = torch.from_numpy(counter.uniform('pixels', (3, 3, 64, 96), -2, 2))
    logits = {}
    for name, args in NETS.items():
        architecture = 'rexnet_100' if ':' in name else name
        model = shake(timm.create_model(architecture, num_classes=11, **args))
        with torch.no_grad():
            logits[name] = model(pixels).flatten().tolist()
    path = ROOT / 'crates/weights/tests/fixtures/onnx_timm.json'
    path.write_text(json.dumps({'timm': timm.__version__, 'logits': logits}, indent=0) + '\n')


if __name__ == '__main__':
    main()
