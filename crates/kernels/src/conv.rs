//! Convolutions of one picture, plain loops: the truth that fast texts are held to.

/// Channels, height and width of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Channels.
    pub c: usize,
    /// Height.
    pub h: usize,
    /// Width.
    pub w: usize,
}

impl Map {
    /// Pixels of one channel.
    pub fn area(self) -> usize {
        self.h * self.w
    }

    /// Values of all channels.
    pub fn len(self) -> usize {
        self.c * self.area()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// How a square kernel moves over a map; the zeros below and to the right follow from the output's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
    /// Zeros above.
    pub top: usize,
    /// Zeros to the left.
    pub left: usize,
}

/// `y[o] = bias[o] + sum over c of weight[o][c] * x[c]`; `weight` is `[y.c, x.c, k, k]`.
/// # Panics
/// When a slice has another length than its map says.
pub fn dense(x: &[f32], from: Map, weight: &[f32], bias: &[f32], window: Window, y: &mut [f32], to: Map) {
    let taps = window.kernel * window.kernel;
    assert_eq!((x.len(), y.len(), bias.len(), weight.len()), (from.len(), to.len(), to.c, to.c * from.c * taps));
    for (o, plane) in y.chunks_exact_mut(to.area()).enumerate() {
        plane.fill(bias[o]);
        for (c, source) in x.chunks_exact(from.area()).enumerate() {
            let weights = &weight[(o * from.c + c) * taps..][..taps];
            correlate(source, from, weights, window, plane, to);
        }
    }
}

/// `y[c] = bias[c] + weight[c] * x[c]`; `weight` is `[c, 1, k, k]`.
/// # Panics
/// When a slice has another length than its map says.
pub fn depthwise(x: &[f32], from: Map, weight: &[f32], bias: &[f32], window: Window, y: &mut [f32], to: Map) {
    let taps = window.kernel * window.kernel;
    assert_eq!((from.c, x.len(), y.len()), (to.c, from.len(), to.len()));
    assert_eq!((bias.len(), weight.len()), (to.c, to.c * taps));
    for (c, plane) in y.chunks_exact_mut(to.area()).enumerate() {
        plane.fill(bias[c]);
        correlate(&x[c * from.area()..][..from.area()], from, &weight[c * taps..][..taps], window, plane, to);
    }
}

/// `y += weight * x` for one channel; taps outside the map are zero.
fn correlate(x: &[f32], from: Map, weight: &[f32], window: Window, y: &mut [f32], to: Map) {
    let Window { kernel, stride, top, left } = window;
    for (i, row) in y.chunks_exact_mut(to.w).enumerate() {
        for ky in 0..kernel {
            let Some(source) = (i * stride + ky).checked_sub(top).filter(|&r| r < from.h) else { continue };
            let source = &x[source * from.w..][..from.w];
            for kx in 0..kernel {
                let k = weight[ky * kernel + kx];
                let first = left.saturating_sub(kx).div_ceil(stride).min(to.w);
                let last = ((from.w + left).saturating_sub(kx)).div_ceil(stride).clamp(first, to.w);
                let begin = first * stride + kx - left.min(first * stride + kx);
                let taps = source[begin.min(from.w)..].iter().step_by(stride);
                row[first..last].iter_mut().zip(taps).for_each(|(y, x)| *y += k * x);
            }
        }
    }
}

/// `y[o] = bias[o] + weight[o] . x`; `weight` is `[y.len(), x.len()]`.
/// # Panics
/// When a slice has another length than that.
pub fn linear(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    assert_eq!((weight.len(), bias.len()), (x.len() * y.len(), y.len()));
    for ((y, b), row) in y.iter_mut().zip(bias).zip(weight.chunks_exact(x.len())) {
        *y = b + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One output straight from the definition, in f64.
    fn at(x: &[f32], from: Map, w: &[f32], window: Window, i: usize, j: usize) -> f64 {
        let k = window.kernel;
        let mut sum = 0.0;
        for (t, &tap) in w[..k * k].iter().enumerate() {
            let r = (i * window.stride + t / k) as isize - window.top as isize;
            let s = (j * window.stride + t % k) as isize - window.left as isize;
            if r >= 0 && s >= 0 && (r as usize) < from.h && (s as usize) < from.w {
                sum += f64::from(tap) * f64::from(x[r as usize * from.w + s as usize]);
            }
        }
        sum
    }

    proptest! {
        #[test]
        fn every_output_equals_the_definition(
            (h, w, kernel, stride, top, left) in (1usize..9, 1usize..9, prop::sample::select(vec![1usize, 3, 5]), 1usize..4, 0usize..3, 0usize..3),
            c in 1usize..3, o in 1usize..3, seed in 0u64..1000,
        ) {
            let (top, left) = (top.min(kernel / 2), left.min(kernel / 2));
            let window = Window { kernel, stride, top, left };
            let (from, to) = (Map { c, h, w }, Map { c: o, h: h.div_ceil(stride), w: w.div_ceil(stride) });
            let r = rexnet_random::Stream::new(seed);
            let numbers = |n: usize, k: u64| -> Vec<f32> { (0..n as u64).map(|i| r.at(k).uniform(i) as f32 - 0.5).collect() };
            let taps = kernel * kernel;
            let (x, weight, bias) = (numbers(from.len(), 0), numbers(o * c * taps, 1), numbers(o, 2));
            let mut y = vec![f32::NAN; to.len()];
            dense(&x, from, &weight, &bias, window, &mut y, to);
            for (index, &got) in y.iter().enumerate() {
                let (o, i, j) = (index / to.area(), index % to.area() / to.w, index % to.w);
                let want: f64 = (0..c).map(|c| at(&x[c * from.area()..], from, &weight[(o * from.c + c) * taps..], window, i, j)).sum::<f64>() + f64::from(bias[o]);
                prop_assert!((f64::from(got) - want).abs() < 1e-5, "{window:?} {from:?}: {got} {want}");
            }
        }
    }
}
