"""Writes crates/score/tests/fixtures/scores.json: measures of generated logits by PyTorch and NumPy.

    python tools/fixtures_score.py            # needs torch
"""
import json
import os
import sys

import numpy as np
import torch

sys.path.insert(0, os.path.dirname(__file__))
import counter  # noqa: E402

OUT = os.path.join(os.path.dirname(__file__), '../crates/score/tests/fixtures/scores.json')
PICTURES, CLASSES, BINS = 400, 12, 15

logits = torch.from_numpy(counter.uniform('logits', (PICTURES, CLASSES), -4.0, 4.0))
# Labels lean to the first class; the last class has no pictures.
noise = counter.uniform('labels', (PICTURES,), 0.0, 1.0)
labels = torch.from_numpy(np.where(noise < 0.5, logits.argmax(1).numpy(), (noise * 997).astype(np.int64) % CLASSES) % (CLASSES - 1))


def ece(probabilities):
    confidence, predicted = probabilities.max(1)
    right = predicted.eq(labels)
    total = 0.0
    for low in np.linspace(0, 1, BINS + 1)[:-1]:
        inside = (confidence > low) & (confidence <= low + 1 / BINS)
        if inside.any():
            total += float(inside.double().mean()) * abs(float(confidence[inside].mean() - right[inside].double().mean()))
    return total


def temperature():
    t = torch.ones(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([t], lr=0.1, max_iter=500, tolerance_grad=1e-10, tolerance_change=1e-14)

    def closure():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(logits.double() / t, labels)
        loss.backward()
        return loss
    optimizer.step(closure)
    return float(t.detach())


top5 = logits.topk(5).indices
confusion = torch.zeros(CLASSES, CLASSES, dtype=torch.int64)
for label, predicted in zip(labels, logits.argmax(1)):
    confusion[label, predicted] += 1
recall = [float(confusion[i, i] / confusion[i].sum()) if confusion[i].sum() else None for i in range(CLASSES)]
precision = [float(confusion[i, i] / confusion[:, i].sum()) if confusion[:, i].sum() else None for i in range(CLASSES)]
best = temperature()
fixture = {
    'labels': labels.tolist(),
    'right': int((logits.argmax(1) == labels).sum()),
    'right_in_five': int((top5 == labels[:, None]).any(1).sum()),
    'loss': float(torch.nn.functional.cross_entropy(logits.double(), labels)),
    'ece': ece(logits.double().softmax(1)),
    'confusion': confusion.flatten().tolist(),
    'recall': recall,
    'precision': precision,
    'mean_recall': float(np.mean([x for x in recall if x is not None])),
    'mean_precision': float(np.mean([x for x in precision if x is not None])),
    'predicted': sum(x is not None for x in precision),
    'temperature': best,
    'tempered': {
        'loss': float(torch.nn.functional.cross_entropy(logits.double() / best, labels)),
        'ece': ece((logits.double() / best).softmax(1)),
    },
}
os.makedirs(os.path.dirname(OUT), exist_ok=True)
with open(OUT, 'w') as out:
    json.dump(fixture, out)
