//! Maps, the window that moves over them, and one channel under it in plain loops.

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

/// `y += weight * x` for one channel; taps outside the map are zero.
pub(crate) fn correlate(x: &[f32], from: Map, weight: &[f32], window: Window, y: &mut [f32], to: Map) {
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

#[cfg(test)]
pub(crate) mod testing {
    /// Numbers from -0.5 to 0.5, a function of `stream` and the position.
    pub(crate) fn numbers(n: usize, stream: u64) -> Vec<f32> {
        let random = rexnet_random::Stream::new(7).at(stream);
        (0..n as u64).map(|i| random.uniform(i) as f32 - 0.5).collect()
    }
}
