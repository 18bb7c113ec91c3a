//! What squeeze-excitation, head and shortcut need: means, gates and prefix sums of maps.

use crate::Map;

/// Mean of each channel. Sums run in f64, so that a large map loses nothing.
/// # Panics
/// When a slice has another length than its map says.
pub fn pool(x: &[f32], from: Map, means: &mut [f32]) {
    assert_eq!((x.len(), means.len()), (from.len(), from.c));
    for (mean, plane) in means.iter_mut().zip(x.chunks_exact(from.area())) {
        *mean = (plane.iter().map(|&v| f64::from(v)).sum::<f64>() / from.area() as f64) as f32;
    }
}

/// Multiplies each channel by its gate.
/// # Panics
/// When a slice has another length than its map says.
pub fn scale(x: &mut [f32], map: Map, gate: &[f32]) {
    assert_eq!((x.len(), gate.len()), (map.len(), map.c));
    for (plane, g) in x.chunks_exact_mut(map.area()).zip(gate) {
        for v in plane {
            *v *= g;
        }
    }
}

/// Adds `x` to the beginning of `y`: the partial shortcut, channels being outermost.
/// # Panics
/// When `x` is longer than `y`.
pub fn add_prefix(y: &mut [f32], x: &[f32]) {
    assert!(x.len() <= y.len());
    y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
}
