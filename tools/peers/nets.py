"""The networks that all peers run, as PyTorch modules with generated weights, and the files made from them.

    python tools/peers/nets.py --out models --forms onnx,pte,tflite,mnn,ncnn --nets rexnet_100,rexnet_lite_100

Weights and batch-norm statistics are those of tools/counter.py, so that folding is work for everyone. `onnx` is written
by `rexnet export` (a free batch), `int8.onnx` from it by ONNX Runtime, every other form by its own converter; each form that cannot be made is said.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

import torch
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import counter  # noqa: E402

REXNET = os.environ.get('REXNET', str(ROOT / 'target/release/rexnet'))
SIZE = 224


class ConvNorm(nn.Sequential):
    """Convolution and batch norm under the names that rexnet gives them."""

    def __init__(self, c_in, c_out, kernel=1, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(c_out)


class LiteBlock(nn.Module):
    """ReXNet-lite's inverted bottleneck: ReLU6 inside, none at its end, a shortcut over the first channels."""

    def __init__(self, c_in, wide, c_out, stride):
        super().__init__()
        if wide != c_in:
            self.conv_exp = ConvNorm(c_in, wide)
        self.conv_dw = ConvNorm(wide, wide, 3, stride, wide)
        self.conv_pwl = ConvNorm(wide, c_out)
        self.shared = c_in if stride == 1 and c_in <= c_out else 0

    def forward(self, x):
        y = nn.functional.relu6(self.conv_exp(x)) if hasattr(self, 'conv_exp') else x
        y = self.conv_pwl(nn.functional.relu6(self.conv_dw(y)))
        if self.shared == 0:
            return y
        if self.shared == y.shape[1]:
            return y + x
        return torch.cat([y[:, :self.shared] + x, y[:, self.shared:]], 1)


class Lite(nn.Module):
    """ReXNet-lite of the widths that `rexnet info` says."""

    def __init__(self, name):
        super().__init__()
        info = json.loads(subprocess.run([REXNET, 'info', name, '--json'], capture_output=True, check=True).stdout)
        layers = {layer['name']: layer for layer in info['layers']}
        width = {name: layer['out'][0] for name, layer in layers.items()}
        self.stem = ConvNorm(3, width['stem.conv'], 3, 2)
        c_in, blocks = width['stem.conv'], []
        for i, c_out in enumerate(info['channels']):
            dw = layers[f'features.{i}.conv_dw.conv']
            blocks.append(LiteBlock(c_in, dw['out'][0], c_out, 2 if ' s2' in dw['op'] else 1))
            c_in = c_out
        last = ConvNorm(c_in, width[f'features.{len(blocks)}.conv'])
        self.features = nn.Sequential(*blocks, last)
        self.head = nn.Module()
        self.head.fc1 = nn.Linear(last.conv.out_channels, width['head.fc1'])
        self.head.bn = nn.BatchNorm1d(width['head.fc1'])
        self.head.fc2 = nn.Linear(width['head.fc1'], width['head.fc2'])

    def forward(self, x):
        x = nn.functional.relu6(self.features(nn.functional.relu6(self.stem(x)))).mean((2, 3))
        return self.head.fc2(nn.functional.relu6(self.head.bn(self.head.fc1(x))))


def build(name):
    """The network in evaluation mode, its tensors generated from their names."""
    if name.startswith('rexnet_lite'):
        net = Lite(name)
    else:
        import timm
        net = timm.create_model(name)
    state = net.state_dict()
    for key, tensor in state.items():
        values = counter.shaken(key, tuple(tensor.shape))
        if values is not None:
            state[key] = torch.from_numpy(values)
    net.load_state_dict(state)
    return net.eval()


def sample(batch):
    return torch.from_numpy(counter.uniform('input', (batch, 3, SIZE, SIZE), -2.0, 2.0))


def to_model(net, name, batch, path):
    """rexnet's own model file."""
    from safetensors.torch import save_file
    weights = f'{path}.weights'
    save_file(net.state_dict(), weights)
    subprocess.run([REXNET, 'export', name, '--weights', weights, '--to', 'safetensors', '--out', path, '--force', '-q'],
                   check=True, stdout=subprocess.DEVNULL)
    os.remove(weights)


def to_onnx(net, name, batch, path):
    model = path.replace('.onnx', '.safetensors')
    to_model(net, name, batch, model)
    subprocess.run([REXNET, 'export', model, '--to', 'onnx', '--out', path, '--force', '-q'],
                   check=True, stdout=subprocess.DEVNULL)


def to_int8(net, name, batch, path):
    """ONNX with whole numbers of eight bits, as ONNX Runtime quantises it: each output channel's weights by themselves,
    ranges from the picture that `rexnet bench` takes its own from."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Pictures(CalibrationDataReader):
        left = iter([{'pixels': counter.uniform('pixels', (1, 3, SIZE, SIZE), -2.0, 2.0)}])

        def get_next(self):
            return next(self.left, None)

    prepared = f'{path}.prepared'
    quant_pre_process(path.replace('.int8.onnx', '.onnx'), prepared, skip_symbolic_shape=True)
    quantize_static(prepared, path, Pictures(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    os.remove(prepared)


def to_pte(net, name, batch, path):
    """ExecuTorch with the XNNPACK delegate."""
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower
    program = torch.export.export(net, (sample(batch),))
    program = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()]).to_executorch()
    pathlib.Path(path).write_bytes(program.buffer)


def to_tflite(net, name, batch, path):
    """LiteRT; its layout is NHWC, so the network is given that at its input."""
    import litert_torch
    pixels = sample(batch).permute(0, 2, 3, 1).contiguous()
    litert_torch.convert(litert_torch.to_channel_last_io(net, args=[0]), (pixels,)).export(path)


def to_mnn(net, name, batch, path):
    tool = pathlib.Path(sys.executable).with_name('mnnconvert')
    onnx = path.replace(f'_b{batch}.mnn', '.onnx')
    subprocess.run([tool, '-f', 'ONNX', '--modelFile', onnx, '--MNNModel', path, '--bizCode', 'x'],
                   check=True, stdout=subprocess.DEVNULL)


def to_ncnn(net, name, batch, path):
    import pnnx
    base = pathlib.Path(path).with_suffix('')
    os.chdir(base.parent)
    pnnx.export(net, f'{base}.pt', inputs=(sample(1),), fp16=False)


# Whether a form is made for one batch alone.
FORMS = {'onnx': (to_onnx, False), 'int8.onnx': (to_int8, False), 'pte': (to_pte, True), 'tflite': (to_tflite, True), 'mnn': (to_mnn, True),
         'ncnn': (to_ncnn, False)}


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('--out', required=True)
    args.add_argument('--nets', default='rexnet_100,rexnet_200,rexnet_lite_100,tf_efficientnet_lite0')
    args.add_argument('--batches', default='1,16')
    args.add_argument('--forms', default='onnx', help=','.join(FORMS))
    args = args.parse_args()
    folder = pathlib.Path(args.out).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in args.nets.split(','):
        for form in args.forms.split(','):
            make, one_batch = FORMS[form]
            for batch in map(int, args.batches.split(',')) if one_batch else [1]:
                path = folder / (f'{name}_b{batch}.{form}' if one_batch else f'{name}.{form}')
                try:
                    with torch.no_grad():
                        make(build(name), name, batch, str(path))
                    print(f'made {path.name}', flush=True)
                except Exception as error:  # noqa: BLE001 (a converter may fail in any way; it is said)
                    print(f'NOT MADE {path.name}: {type(error).__name__} {str(error)[:300]}', flush=True)


if __name__ == '__main__':
    main()
