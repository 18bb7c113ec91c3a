//! Resampling, to the bit as Pillow 13 does it: fixed point, bytes between the two passes.
#![allow(clippy::inline_always, reason = "a function keeps the instruction set of its caller only when inlined")]

use pulp::{Arch, Simd, WithSimd};
use rexnet_spec::Interpolation;

use super::Picture;
use super::taps::{PLACES, Taps};

/// How pixels between pixels are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Shape of the filter.
    pub interpolation: Interpolation,
    /// Whether it widens with the downscale factor, as Pillow's always does; otherwise as torchvision resizes tensors.
    pub antialias: bool,
}

impl Filter {
    /// As Pillow filters.
    pub fn pillow(interpolation: Interpolation) -> Self {
        Self { interpolation, antialias: true }
    }
}

impl Picture {
    /// The picture with other sides, as `PIL.Image.resize`.
    /// # Panics
    /// When a side is 0.
    #[must_use]
    pub fn resize(&self, width: usize, height: usize, filter: Filter) -> Self {
        self.resize_part([width, height], [0, 0, width, height], filter)
    }

    /// The window `[x, y, width, height]` of the picture with other sides `[width, height]`; no more of that is computed.
    /// # Panics
    /// When a side is 0 or the window reaches beyond the resized picture.
    #[must_use]
    pub fn resize_part(&self, sides: [usize; 2], window: [usize; 4], filter: Filter) -> Self {
        resampled(&lines(self), sides, window, filter)
    }

    /// The window `[x, y, width, height]` cut out and then given other sides.
    /// # Panics
    /// When a side is 0 or the window reaches beyond the picture.
    #[must_use]
    pub fn crop_resize(&self, window: [usize; 4], width: usize, height: usize, filter: Filter) -> Self {
        let [x, y, w, h] = window;
        assert!(x + w <= self.width() && w > 0 && h > 0, "{w}x{h} at {x},{y}");
        let rows: Vec<_> = (y..y + h).map(|y| &self.row(y)[3 * x..3 * (x + w)]).collect();
        resampled(&rows, [width, height], [0, 0, width, height], filter)
    }
}

fn resampled(from: &[&[u8]], [width, height]: [usize; 2], [x, y, w, h]: [usize; 4], filter: Filter) -> Picture {
    assert!(w > 0 && h > 0 && x + w <= width && y + h <= height, "{w}x{h} at {x},{y} of {width}x{height}");
    let sides = [from[0].len() / 3, from.len()];
    if filter.interpolation == Interpolation::Nearest {
        let columns = middles(sides[0], width, x, w);
        let rows = middles(sides[1], height, y, h);
        let mut rgb = Vec::with_capacity(3 * w * h);
        for y in rows {
            for x in &columns {
                rgb.extend_from_slice(&from[y][3 * x..3 * x + 3]);
            }
        }
        return Picture::new(w, h, rgb);
    }
    let columns = Taps::new(sides[0], width, x..x + w, filter);
    let rows = Taps::new(sides[1], height, y..y + h, filter);
    let rows_first = filter.antialias && rows_first(sides, [width, height]);
    Arch::new().dispatch(Passes { from, columns, rows, rows_first })
}

/// Both passes, compiled for each instruction set that `pulp` tells apart.
struct Passes<'a> {
    from: &'a [&'a [u8]],
    columns: Taps,
    rows: Taps,
    rows_first: bool,
}

impl WithSimd for Passes<'_> {
    type Output = Picture;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Picture {
        let Self { from, columns, rows, rows_first } = self;
        if rows_first {
            let reach = columns.reach();
            let narrow: Vec<_> = from.iter().map(|row| &row[3 * reach.start..3 * reach.end]).collect();
            let between = down(&narrow, &rows);
            across(&lines(&between), &columns.without(reach.start))
        } else {
            let reach = rows.reach();
            let between = across(&from[reach.clone()], &columns);
            down(&lines(&between), &rows.without(reach.start))
        }
    }
}

fn lines(picture: &Picture) -> Vec<&[u8]> {
    picture.rgb().chunks_exact(3 * picture.width()).collect()
}

/// Which pass is first shows where the bytes between them are clipped. Pillow 13 begins with the rows of a picture that
/// loses more than twice as many of them as columns.
fn rows_first([width, height]: [usize; 2], to: [usize; 2]) -> bool {
    height > to[1] && height - to[1] > 2 * width.saturating_sub(to[0])
}

/// Half a level.
const HALF: i32 = 1 << (PLACES - 1);

/// Rows that go along together, so that one weight meets a whole vector.
const ROWS: usize = 8;

/// Every row with its pixels mixed along it.
#[inline(always)]
fn across(from: &[&[u8]], taps: &Taps) -> Picture {
    let width = taps.len();
    let mut rgb = vec![0; 3 * width * from.len()];
    let mut columns = vec![[0; 3 * ROWS]; from[0].len() / 3];
    for (rows, to) in from.chunks(ROWS).zip(rgb.chunks_mut(3 * width * ROWS)) {
        for (y, row) in rows.iter().enumerate() {
            for (column, pixel) in columns.iter_mut().zip(row.chunks_exact(3)) {
                column[3 * y..3 * y + 3].copy_from_slice(pixel);
            }
        }
        for (x, (first, weights)) in taps.iter().enumerate() {
            let mixed = mix(columns[first..].iter().zip(weights));
            for (row, pixel) in to.chunks_exact_mut(3 * width).zip(mixed.chunks_exact(3)) {
                row[3 * x..3 * x + 3].copy_from_slice(pixel);
            }
        }
    }
    Picture::new(width, from.len(), rgb)
}

/// Bytes of a row whose sums are kept in registers.
const BLOCK: usize = 32;

/// Rows mixed with one another.
#[inline(always)]
fn down(from: &[&[u8]], taps: &Taps) -> Picture {
    let bytes = from[0].len();
    let mut rgb = vec![0; bytes * taps.len()];
    for ((first, weights), to) in taps.iter().zip(rgb.chunks_exact_mut(bytes)) {
        let rows = &from[first..first + weights.len()];
        let (blocks, rest) = to.as_chunks_mut::<BLOCK>();
        let done = BLOCK * blocks.len();
        for (i, block) in blocks.iter_mut().enumerate() {
            *block = mix(rows.iter().map(|row| &row.as_chunks().0[i]).zip(weights));
        }
        for (x, byte) in (done..).zip(rest) {
            [*byte] = mix(rows.iter().map(|row| std::array::from_ref(&row[x])).zip(weights));
        }
    }
    Picture::new(bytes / 3, taps.len(), rgb)
}

/// The weighted sum of bytes side by side.
#[inline(always)]
fn mix<'a, const N: usize>(parts: impl Iterator<Item = (&'a [u8; N], &'a i32)>) -> [u8; N] {
    let mut sums = [HALF; N];
    for (bytes, weight) in parts {
        for (sum, byte) in sums.iter_mut().zip(bytes) {
            *sum += weight * i32::from(*byte);
        }
    }
    let mut mixed = [0; N];
    for (byte, sum) in mixed.iter_mut().zip(sums) {
        *byte = (sum >> PLACES).clamp(0, 255) as u8;
    }
    mixed
}

/// Where the middles of the `count` pixels after `skipped` of `to` lie among `from`; a running sum, whose rounding is
/// Pillow's.
fn middles(from: usize, to: usize, skipped: usize, count: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let places = std::iter::successors(Some(0.5 * step), |place| Some(place + step));
    places.skip(skipped).take(count).map(|place| (place as usize).min(from - 1)).collect()
}
