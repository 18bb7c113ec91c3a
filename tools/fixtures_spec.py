"""Fixtures of crates/spec from timm: tensor names and shapes, costs by hooks, channel vectors of any width.

    python tools/fixtures_spec.py        # rewrites crates/spec/tests/fixtures/{tensors,layers,channels}.txt
"""
from pathlib import Path

import timm
import torch
from timm.models.rexnet import _block_cfg

OUT = Path(__file__).parent.parent / 'crates/spec/tests/fixtures'
NETS = ['rexnet_100', 'rexnetr_200', 'mobilenetv2_100', 'efficientnet_b0', 'tf_efficientnet_lite0']
SIZES = [(224, 224), (97, 160)]


def layers(model, height, width):
    """(name, out, macs) of each convolution and linear layer, in order of execution."""
    rows, hooks = [], []

    def watch(name):
        def hook(module, _, out):
            shape = list(out.shape[1:]) + [1, 1]
            macs = out[0].numel() * module.weight[0].numel()
            rows.append((name, shape[0], shape[1], shape[2], macs))
        return hook

    for name, module in model.named_modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            hooks.append(module.register_forward_hook(watch(name)))
    with torch.no_grad():
        model.eval()(torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return rows


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tensors, costs, channels = [], [], []
    for net in NETS:
        model = timm.create_model(net)
        for name, tensor in model.state_dict().items():
            tensors.append(' '.join([net, name, *map(str, tensor.shape)]))
        for height, width in SIZES:
            for row in layers(model, height, width):
                costs.append(' '.join(map(str, [net, height, width, *row])))
    for divisor in (1, 8, 16):
        for hundredths in range(20, 401, 5):
            width = hundredths / 100
            outs = [row[0] for row in _block_cfg(width, ch_div=divisor)]
            channels.append(' '.join(map(str, [divisor, width, *outs])))
    for name, lines in (('tensors', tensors), ('layers', costs), ('channels', channels)):
        (OUT / f'{name}.txt').write_text('\n'.join(lines) + '\n')


main()
