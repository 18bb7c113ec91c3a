"""Numbers as a function of (name, index): the same as crates/random and crates/testkit."""
import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def bits(name, n):
    """n random u64 of the stream called `name` (splitmix64 from the FNV-1a hash of the name)."""
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over='ignore'):
        z = np.uint64(key) + GOLDEN * np.arange(1, n + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(name, shape, low, high):
    """float32 in [low, high); low and high are rounded to float32 first."""
    n = int(np.prod(shape, dtype=np.int64))
    u = (bits(name, n) >> np.uint64(11)).astype(np.float64) * 2.0 ** -53
    low, high = float(np.float32(low)), float(np.float32(high))
    return (low + (high - low) * u).astype(np.float32).reshape(shape)


def data(name, n):
    """n bytes."""
    return (bits(name, n) >> np.uint64(56)).astype(np.uint8)


def shaken(name, shape):
    """A tensor of a timm-named state dict with shaken statistics; None for the batch counter."""
    leaf = name.rsplit('.', 1)[1]
    if leaf == 'num_batches_tracked':
        return None
    if leaf in ('running_mean', 'bias'):
        return uniform(name, shape, -0.2, 0.2)
    if leaf == 'running_var' or len(shape) == 1:
        return uniform(name, shape, 0.5, 1.5)
    bound = np.sqrt(6.0 / np.prod(shape[1:]))
    return uniform(name, shape, -bound, bound)
