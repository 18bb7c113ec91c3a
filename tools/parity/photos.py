"""EfficientNet-Lite0's ImageNet weights on photographs: `rexnet predict`, `eval`, `export` and precisions against timm.

    REXNET=target/release/rexnet REXNET_DATA=/path/to/data python tools/parity/photos.py    # needs torch and timm

timm's own transform and model are the reference. Where its best logit leads by more than MARGIN the best class must be
the same; the other pictures are listed. Of the data sets named in SETS those that are there are gone through.
"""
import csv
import pathlib
import tempfile

import numpy as np
import timm
import torch
from PIL import Image
from safetensors.torch import load_file

from common import DATA, finish, rexnet, row
from export import onnx_logits

NET = 'tf_efficientnet_lite0'
MARGIN = 0.1
# Pictures right at top-1 and top-5 in timm.
SETS = {'photos': (81, 92), 'imagenet1000': (883, 977)}
# Of a thousand: the same best class in bf16 as in f32, and how many more may be wrong in bf16 and in int8.
SAME_IN_BF16, LOSS = 985, {'bf16': 5, 'int8': 10}
FILE_LIMIT = 5e-2  # from a JPEG file, of the largest logit
TENSOR_LIMIT = 1e-4  # from the same tensor


def reference_model(path):
    """timm's network with the package's weights: both list their tensors in the same order."""
    model = timm.create_model(NET).eval()
    state = model.state_dict()
    names = [name for name in state if not name.endswith('num_batches_tracked')]
    source = torch.load(path, map_location='cpu', weights_only=True)
    values = [value for name, value in source.items() if not name.endswith('num_batches_tracked')]
    assert [tuple(v.shape) for v in values] == [tuple(state[n].shape) for n in names]
    state.update(zip(names, values))
    model.load_state_dict(state)
    return model


def prepared(model, files):
    """The photographs through the transform that timm derives from the model's configuration."""
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    return torch.stack([transform(Image.open(file).convert('RGB')) for file in files])


def logits_of(model, pixels):
    with torch.no_grad():
        return torch.cat([model(part) for part in pixels.split(16)]).numpy()


def counts(logits, labels):
    """Pictures right at top-1 and at top-5."""
    order = np.argsort(-logits, axis=1)
    return int((order[:, 0] == labels).sum()), int((order[:, :5] == labels[:, None]).any(axis=1).sum())


def compare(check, logits, wanted, labels, files, limit, expected):
    """Rows for one way of running the network."""
    best = np.sort(wanted, axis=1)
    sure = best[:, -1] - best[:, -2] > MARGIN
    differ = logits.argmax(axis=1) != wanted.argmax(axis=1)
    unsure = ', '.join(file.name for file in np.array(files)[differ & ~sure])
    row(f'{check}: same top-1 where timm is sure', NET, int((differ & sure).sum()), 0, not (differ & sure).any(),
        f'{int(sure.sum())} sure; different among the others: {unsure or "none"}')
    off = float(abs(logits - wanted).max() / max(1.0, abs(wanted).max()))
    row(f'{check}: logits', NET, off, limit, off <= limit)
    right, slack = counts(logits, labels), int((~sure).sum())
    row(f'{check}: right at top-1, top-5', NET, right, expected,
        all(abs(ours - timms) <= slack for ours, timms in zip(right, expected)))


def predicted(files, folder, *options):
    """Logits of `rexnet predict`, in the order of `files`."""
    lines = rexnet('predict', folder, *options, '--logits', '--ignore-exif')
    seen = {line['path']: line['logits'] for line in lines}
    return np.array([seen[str(file)] for file in files])


def through_predict(weights, wanted, labels, files, folder, expected):
    model = ('-m', NET, '--weights', weights)
    ours = predicted(files, folder, *model)
    compare('rexnet predict', ours, wanted, labels, files, FILE_LIMIT, expected)
    [answer] = rexnet('eval', folder / 'labels.csv', *model, '--ignore-exif')
    right = tuple(round(answer[key] * len(files) / 100) for key in ('top1', 'top5'))
    row('rexnet eval: as predict', NET, right, counts(ours, labels), right == counts(ours, labels))
    return ours


def precisions(weights, exact, labels, files, folder):
    """bf16 and int8 beside f32 on a thousand pictures, ranges found on the smaller set."""
    with tempfile.TemporaryDirectory() as place:
        model = pathlib.Path(place) / 'net.safetensors'
        rexnet('quantize', NET, '--weights', weights, '--calib', DATA / 'photos/labels.csv', '--ignore-exif', '--out',
               model)
        for precision, most in LOSS.items():
            logits = predicted(files, folder, '-m', model, '--precision', precision)
            same = int((logits.argmax(axis=1) == exact.argmax(axis=1)).sum())
            lost = counts(exact, labels)[0] - counts(logits, labels)[0]
            row(f'{precision}: lost at top-1', NET, lost, most, lost <= most, f'same best class on {same}')
            if precision == 'bf16':
                row('bf16: same best class as f32', NET, same, SAME_IN_BF16, same >= SAME_IN_BF16)


def through_export(weights, wanted, labels, files, pixels, model, expected):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        export = ('export', NET, '--weights', weights, '--out')
        rexnet(*export, folder / 'net.onnx', '--to', 'onnx')
        parts = [onnx_logits(folder / 'net.onnx', part.numpy()) for part in pixels.split(16)]
        compare('onnx in ONNX Runtime', np.concatenate(parts), wanted, labels, files, TENSOR_LIMIT, expected)
        rexnet(*export, folder / 'timm', '--to', 'timm-dir')
        again = timm.create_model(f'local-dir:{folder}/timm', pretrained=True).eval()
        compare('timm-dir in timm', logits_of(again, prepared(again, files)), wanted, labels, files, TENSOR_LIMIT, expected)
        rexnet(*export, folder / 'net.safetensors', '--to', 'safetensors')
        same = load_file(folder / 'net.safetensors')
        equal = all(torch.equal(same[name], tensor) for name, tensor in model.state_dict().items()
                    if not name.endswith('num_batches_tracked'))
        row("safetensors: equal tensors in timm's names", NET, equal, True, equal)


def check(folder, expected, model, weights):
    """Everything on one set."""
    with open(folder / 'labels.csv', encoding='utf-8') as lines:
        rows = list(csv.DictReader(lines))
    files = [folder / r['file'] for r in rows]
    labels = np.array([int(r['class_index']) for r in rows])
    pixels = prepared(model, files)
    wanted = logits_of(model, pixels)
    right = counts(wanted, labels)
    row('timm itself: right at top-1, top-5', NET, right, expected, right == expected)
    through_export(weights, wanted, labels, files, pixels, model, expected)
    exact = through_predict(weights, wanted, labels, files, folder, expected)
    if len(files) == 1000:
        precisions(weights, exact, labels, files, folder)


def main():
    weights = DATA / 'weights/efficientnet-lite0-57934424.pth'
    model = reference_model(weights)
    for name, expected in SETS.items():
        if (DATA / name).exists():
            check(DATA / name, expected, model, weights)
        else:
            print(f'NOT RUN: no {name} in {DATA}')
    finish()


if __name__ == '__main__':
    main()
