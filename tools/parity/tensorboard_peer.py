"""Reads a folder of event files as TensorBoard does and prints its scalars as JSON: {tag: [[step, value, wall time], ...]}."""
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.version import VERSION

events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
scalars = {tag: [[e.step, e.value, e.wall_time] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}
json.dump({'version': VERSION, 'file_version': events.file_version, 'scalars': scalars}, sys.stdout)
