"""`rexnet bench --pictures` against Python's pipelines, from JPEG files to the network's view and to its five best classes.

    python tools/peers/pictures.py --models models --pictures photos --threads 1,2

A pipeline gets as many processes as it may use threads, each on a core of its own with a share of the pictures: nothing
is waited for. Rounds alternate with ours; a ratio is the median over them of (our pictures a second) / (theirs). Runtimes
run the batch, of BATCHES, that they are fastest with. One JSON line a pipeline.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import time

import nets
import runtimes

BATCHES = 1, 16
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def torchvision_views():
    """torchvision.io and transforms.v2 on bytes, the resize antialiased."""
    import torch
    from torchvision.io import ImageReadMode, decode_jpeg, read_file
    from torchvision.transforms import v2
    torch.set_num_threads(1)
    steps = v2.Compose([v2.Resize(256, v2.InterpolationMode.BICUBIC, antialias=True), v2.CenterCrop(nets.SIZE),
                        v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)])
    return lambda path: steps(decode_jpeg(read_file(str(path)), ImageReadMode.RGB)).numpy()


def timm_views():
    """timm's transform for evaluation, on Pillow."""
    import timm
    import torch
    from PIL import Image
    torch.set_num_threads(1)
    steps = timm.data.create_transform((3, nets.SIZE, nets.SIZE), interpolation='bicubic', crop_pct=0.875, mean=MEAN,
                                       std=STD)
    return lambda path: steps(Image.open(path).convert('RGB')).numpy()


VIEWS = {'torchvision': torchvision_views, 'timm': timm_views}


def work(views, runtime, setting, paths, core, pipe):
    """A process: for each number of seconds that it is told, how many pictures a second."""
    os.sched_setaffinity(0, {core})
    import numpy as np
    view = VIEWS[views]()
    batch = 1
    if runtime:
        job = runtimes.Job(*setting)
        batch = job.batch
        try:
            _, run = runtimes.RUNTIMES[runtime](job)
        except (ImportError, runtimes.Missing) as error:
            pipe.send(str(error))
            return

    def pass_over():
        for first in range(0, len(paths), batch):
            seen = [view(path) for path in paths[first:first + batch]]
            if runtime:
                job.pixels[:len(seen)] = np.stack(seen)
                logits = np.asarray(run())
                np.argpartition(logits, -5, axis=1)[:, -5:]

    pass_over()
    pipe.send('ready')
    while True:
        end, start, done = pipe.recv(), time.perf_counter(), 0
        while time.perf_counter() - start < end:
            pass_over()
            done += len(paths)
        pipe.send(done / (time.perf_counter() - start))


class Pipeline:
    """Decoding and a runtime, or decoding alone."""

    def __init__(self, views, runtime, net, batch, threads, precision, args, paths):
        self.name, self.rates, self.pipes, self.processes = '+'.join(filter(None, [views, runtime])), [], [], []
        setting = (args.models, net, batch, 1, precision)
        cores = sorted(os.sched_getaffinity(0))[-threads:]
        for i, core in enumerate(cores):
            ours, theirs = multiprocessing.Pipe()
            process = multiprocessing.Process(target=work, daemon=True,
                                              args=(views, runtime, setting, paths[i::threads], core, theirs))
            process.start()
            theirs.close()
            self.pipes.append(ours)
            self.processes.append(process)
        self.batch = batch
        for pipe in self.pipes:
            if (said := pipe.recv()) != 'ready':
                raise OSError(said)

    def turn(self, seconds):
        for pipe in self.pipes:
            pipe.send(seconds)
        self.rates.append(sum(pipe.recv() for pipe in self.pipes))

    def close(self):
        for process in self.processes:
            process.kill()


class Ours:
    name = 'rexnet'

    def __init__(self, net, threads, precision, args):
        cores = sorted(os.sched_getaffinity(0))[-threads:]
        self.command = ['taskset', '-c', ','.join(map(str, cores)), nets.REXNET, 'bench',
                        str(args.models / f'{net}.safetensors'), '--json', '--threads', str(threads), '--precision',
                        precision, '--pictures', str(args.pictures)]
        self.views, self.answers = [], []

    def turn(self, seconds):
        done = subprocess.run([*self.command, '--seconds', str(seconds)], capture_output=True, text=True, check=True)
        row = json.loads(done.stdout)
        self.views.append(row['views_per_s'])
        self.answers.append(row['answers_per_s'])


def compare(threads, precision, args, paths):
    """The rows of one number of threads and precision."""
    ours, pipelines = Ours(args.net, threads, precision, args), []
    wanted = [('torchvision', runtime) for runtime in args.runtimes.split(',')]
    if precision == 'f32':
        wanted += [('torchvision', None), ('timm', None)]
    for views, runtime in wanted:
        for batch in BATCHES if runtime else BATCHES[:1]:
            try:
                pipelines.append(Pipeline(views, runtime, args.net, batch, threads, precision, args, paths))
            except OSError as error:
                yield {'what': 'answers', 'net': args.net, 'threads': threads, 'precision': precision,
                       'peer': f'{views}+{runtime}', 'missing': str(error)}
    for _ in range(args.rounds):
        ours.turn(args.seconds)
        for pipeline in pipelines:
            pipeline.turn(args.seconds)
    best = {}
    for pipeline in pipelines:
        pipeline.close()
        rate = statistics.median(pipeline.rates)
        if pipeline.name not in best or rate > statistics.median(best[pipeline.name].rates):
            best[pipeline.name] = pipeline
    for pipeline in best.values():
        what = 'answers' if '+' in pipeline.name else 'views'
        own = getattr(ours, what)
        ratios = sorted(our / their for our, their in zip(own, pipeline.rates))
        yield {'what': what, 'net': args.net, 'precision': precision, 'threads': threads, 'peer': pipeline.name,
               'batch': pipeline.batch, 'rounds': args.rounds, 'per_s': round(statistics.median(pipeline.rates), 1),
               'ours_per_s': round(statistics.median(own), 1), 'ratio': round(statistics.median(ratios), 3),
               'least': round(ratios[0], 3), 'most': round(ratios[-1], 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--models', type=pathlib.Path, required=True, help='folder that nets.py filled')
    parser.add_argument('--pictures', type=pathlib.Path, required=True, help='folder of JPEG files')
    parser.add_argument('--net', default='rexnet_100')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--precisions', default='f32,bf16')
    parser.add_argument('--runtimes', default='litert,openvino,onnxruntime')
    parser.add_argument('--rounds', type=int, default=11)
    parser.add_argument('--seconds', type=float, default=1.0, help='of a turn')
    args = parser.parse_args()
    multiprocessing.set_start_method('spawn')
    paths = sorted(args.pictures.rglob('*.jpg'))
    for threads in map(int, args.threads.split(',')):
        for precision in args.precisions.split(','):
            for row in compare(threads, precision, args, paths):
                print(json.dumps(row), flush=True)


if __name__ == '__main__':
    main()
