"""What the parity scripts share: the built binary, generated weights, and rows of a result table as JSON lines."""
import json
import os
import pathlib
import subprocess
import sys

import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))
import counter  # noqa: E402

BINARY = os.environ.get('REXNET', str(ROOT / 'target/release/rexnet'))
DATA = pathlib.Path(os.environ.get('REXNET_DATA', ''))


def rexnet(*args):
    """Runs the binary; its JSON lines."""
    done = subprocess.run([BINARY, *map(str, args), '--json'], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'rexnet {" ".join(map(str, args))}: exit {done.returncode}\n{done.stderr}')
    return [json.loads(line) for line in done.stdout.splitlines()]


def shake(model):
    """Replaces every tensor but the batch counters by the generated one of its name."""
    state = model.state_dict()
    for name, tensor in state.items():
        values = counter.shaken(name, tuple(tensor.shape))
        if values is not None:
            state[name] = torch.from_numpy(values)
    model.load_state_dict(state)
    return model.eval()


FAILED = []


def row(check, net, seen, limit, ok, note=''):
    """Prints one line of the table."""
    print(json.dumps({'check': check, 'net': net, 'seen': seen, 'limit': limit, 'ok': bool(ok), 'note': note}),
          flush=True)
    if not ok:
        FAILED.append(check)


def finish():
    """Exit status: 1 when any row failed."""
    sys.exit(1 if FAILED else 0)
