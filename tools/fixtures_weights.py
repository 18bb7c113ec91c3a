"""Small PyTorch files for the tests of crates/weights: every format and shape of checkpoint, and hostile ones.

Run from the repository root with torch installed: python tools/fixtures_weights.py
Values are those of tools/counter.py under each tensor's name, so the tests know them.
"""
import argparse
import io
import os
import pathlib
import zipfile

import torch

import counter

OUT = pathlib.Path('crates/weights/tests/fixtures')


def values(name, *shape):
    return torch.from_numpy(counter.uniform(name, shape, -1.0, 1.0))


def plain():
    return {'a.weight': values('a.weight', 4, 3, 3, 3), 'a.bias': values('a.bias', 4),
            'n': torch.tensor(7, dtype=torch.int64), 'empty': torch.zeros(0, 5)}


def typed():
    v = values('v', 3, 5)
    return {'f64': v.double(), 'f32': v, 'f16': v.half(), 'bf16': v.bfloat16(),
            'i64': torch.arange(-3, 3), 'i32': torch.arange(-3, 3, dtype=torch.int32),
            'i16': torch.arange(-3, 3, dtype=torch.int16), 'i8': torch.arange(-3, 3, dtype=torch.int8),
            'u8': torch.arange(250, 256).to(torch.uint8), 'bool': torch.tensor([True, False])}


def strided():
    whole = values('whole', 4, 6)
    return {'whole': whole, 'transposed': whole.t(), 'columns': whole[:, 1::2], 'row': whole[2],
            'channels_last': values('a.weight', 4, 3, 3, 3).contiguous(memory_format=torch.channels_last),
            'parameter': torch.nn.Parameter(values('a.bias', 4))}


def checkpoint():
    net = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return {'epoch': 3, 'arch': 'rexnet_100', 'metric': 77.5, 'args': argparse.Namespace(lr=0.5, model='x'),
            'optimizer': optimizer.state_dict(),
            'state_dict': {'w': values('plain', 2)}, 'state_dict_ema': {'w': values('averaged', 2)}}


class Hostile:
    def __reduce__(self):
        return os.system, ('echo owned',)


def rewritten(file, edit, compression=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(out, 'w', compression) as new:
        for name in old.namelist():
            new.writestr(name, edit(name, old.read(name)))
    return out.getvalue()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, make in {'plain': plain, 'typed': typed, 'strided': strided, 'checkpoint': checkpoint}.items():
        torch.save(make(), OUT / f'{name}.pth')
        torch.save(make(), OUT / f'{name}_legacy.pth', _use_new_zipfile_serialization=False)
    torch.save({'model': {'w': values('plain', 2)}}, OUT / 'model_key.pth')
    torch.save({'module._orig_mod.w': values('plain', 2), '_orig_mod.module.x': values('x', 2)}, OUT / 'prefixed.pth')
    torch.save({'w': values('plain', 2), 'module.w': values('x', 2)}, OUT / 'prefix_twice.pth')
    torch.save({'w': values('plain', 2), 'evil': Hostile()}, OUT / 'hostile.pth')
    torch.save({'evil': Hostile()}, OUT / 'hostile_legacy.pth', _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), OUT / 'module.pth')
    torch.save({'expanded': torch.zeros(1).expand(1 << 40)}, OUT / 'expanded.pth')
    torch.save([1, 2], OUT / 'list.pth')
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(OUT / 'torchscript.pth'))
    small = OUT / 'model_key.pth'
    big = rewritten(small, lambda name, data: b'big' if name.endswith('byteorder') else data)
    (OUT / 'big_endian.pth').write_bytes(big)
    (OUT / 'deflated.pth').write_bytes(rewritten(small, lambda _, data: data, zipfile.ZIP_DEFLATED))
    short = rewritten(small, lambda name, data: data[:4] if '/data/' in name else data)
    (OUT / 'short_storage.pth').write_bytes(short)


if __name__ == '__main__':
    main()
