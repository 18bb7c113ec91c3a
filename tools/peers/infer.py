"""`rexnet bench` against other runtimes on the same network, batch, threads and precision, in alternating rounds.

    python tools/peers/infer.py --models models --nets rexnet_100 --threads 1,2 --peers litert,openvino

In a round every runtime runs for a while, in another order each time; all others are stopped meanwhile, so idle threads
cost nothing. A ratio is the median over the rounds of (peer's median ms) / (ours). One JSON line a peer and setting; for a
peer that cannot be had, or whose first logit is another, one that says why. `--python mnn=PATH` names the Python of a
runtime.
"""
import argparse
import itertools
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

import nets

HERE = pathlib.Path(__file__).resolve().parent
PEERS = 'litert,openvino,onnxruntime,executorch,ncnn,mnn,torch,tract,rten'
# Largest difference of the first logit, as a share of its size (of one, if it is smaller); bf16 is not compared.
SAME = 1e-2


def cores(threads):
    return sorted(os.sched_getaffinity(0))[-threads:]


def command(peer, setting, args):
    if peer in ('tract', 'rten'):
        return [str(HERE / 'rust/target/release' / peer), *setting]
    return [args.pythons.get(peer, sys.executable), str(HERE / 'runtimes.py'), peer, *setting]


class Peer:
    """A runtime in its process; stopped but for its turns."""

    def __init__(self, name, net, batch, threads, precision, args):
        self.name, self.times = name, []
        setting = [str(args.models), net, str(batch), str(threads), precision]
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), RAYON_NUM_THREADS=str(threads))
        with tempfile.TemporaryFile('w+') as said:
            self.process = subprocess.Popen(
                command(name, setting, args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cores(threads)))
            line = self.process.stdout.readline()
            if not line:
                said.seek(0)
                reason = said.read().strip().splitlines()
                raise OSError(reason[-1].removeprefix('Missing: ') if reason else f'ended with {self.process.wait()}')
        self.about = json.loads(line)
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f'{seconds}\n')
        self.process.stdin.flush()
        self.times.append(statistics.median(json.loads(self.process.stdout.readline())))
        self.process.send_signal(signal.SIGSTOP)

    def close(self):
        self.process.kill()
        self.process.wait()


class Ours:
    """The binary, anew in every turn."""

    name = 'rexnet'

    def __init__(self, net, batch, threads, precision, args):
        model = args.models / f'{net}.safetensors'
        self.command = ['taskset', '-c', ','.join(map(str, cores(threads))), nets.REXNET, 'bench', str(model), '--json',
                        '--batch', str(batch), '--threads', str(threads), '--precision', precision]
        self.times, self.logit = [], self.run('--once')['first_logit']

    def run(self, *more):
        done = subprocess.run([*self.command, *more], capture_output=True, text=True, check=False)
        if 'products want a processor' in done.stderr:
            raise OSError(done.stderr.strip())
        if done.returncode:
            sys.exit(f'{" ".join(self.command)}: {done.stderr.strip()}')
        return json.loads(done.stdout)

    def turn(self, seconds):
        self.row = self.run('--seconds', str(seconds))
        self.times.append(self.row['median_ms'])


def compare(net, precision, names, args):
    """The rows of one network and precision; a peer that fails once is left out from there on."""
    names = list(names)
    for batch, threads in itertools.product(map(int, args.batches.split(',')), map(int, args.threads.split(','))):
        ours, peers = Ours(net, batch, threads, precision, args), []
        for name in names.copy():
            try:
                peers.append(same(Peer(name, net, batch, threads, precision, args), ours, precision))
            except OSError as error:
                names.remove(name)
                yield {'net': net, 'precision': precision, 'peer': name, 'missing': str(error)}
        yield from ratios(net, batch, threads, precision, ours, peers, args)


def same(peer, ours, precision):
    """The peer, if it computes what we do."""
    logit = peer.about['logit']
    if precision == 'f32' and abs(logit - ours.logit) > SAME * max(1, abs(ours.logit)):
        peer.close()
        raise OSError(f'first logit {logit}, ours {ours.logit}')
    return peer


def ratios(net, batch, threads, precision, ours, peers, args):
    """The rows of one setting."""
    setting = {'net': net, 'batch': batch, 'threads': threads, 'precision': precision}
    try:
        turns = [ours, *peers]
        for round_ in range(args.rounds):
            for i in range(len(turns)):
                turns[(i + round_) % len(turns)].turn(args.seconds)
    finally:
        for peer in peers:
            peer.close()
    for peer in peers:
        ordered = sorted(theirs / our for theirs, our in zip(peer.times, ours.times))
        yield {**setting, 'peer': peer.name, 'version': peer.about['version'], 'rounds': args.rounds,
               'ms': round(statistics.median(peer.times), 3), 'ours_ms': round(statistics.median(ours.times), 3),
               'ratio': round(statistics.median(ordered), 3), 'least': round(ordered[0], 3), 'most': round(ordered[-1], 3),
               'kernels': ours.row['kernels'], 'peak_share': round(ours.row['peak_share'], 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--models', type=pathlib.Path, required=True, help='folder that nets.py filled')
    parser.add_argument('--nets', default='rexnet_100,rexnet_200,rexnet_lite_100,tf_efficientnet_lite0')
    parser.add_argument('--batches', default='1,16')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--precisions', default='f32,bf16')
    parser.add_argument('--peers', default=PEERS)
    parser.add_argument('--rounds', type=int, default=11)
    parser.add_argument('--seconds', type=float, default=0.3, help='of a turn')
    parser.add_argument('--python', action='append', default=[], metavar='NAME=PATH')
    args = parser.parse_args()
    args.pythons = dict(pair.split('=', 1) for pair in args.python)
    for net, precision in itertools.product(args.nets.split(','), args.precisions.split(',')):
        try:
            for row in compare(net, precision, args.peers.split(','), args):
                print(json.dumps(row), flush=True)
        except OSError as error:
            print(error, file=sys.stderr)


if __name__ == '__main__':
    main()
