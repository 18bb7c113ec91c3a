//! Pictures turned, sheared and moved within their frame.

use std::array::from_fn;

use rexnet_spec::Interpolation;

use crate::Picture;

/// The planes of a pixel.
type Colour = [f64; 3];

/// What stands where the picture gives nothing, and how values between its pixels are made.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// Colour of what lies outside of the picture.
    pub fill: [u8; 3],
    /// Filter; bicubic is the one with a = -1, Pillow's when it transforms.
    pub interpolation: Interpolation,
}

/// Turned about its middle, counter-clockwise.
pub(super) fn rotate(picture: &Picture, degrees: f64, canvas: Canvas) -> Picture {
    if degrees == 0.0 {
        return picture.clone(); // as Pillow does, border and all
    }
    let (sin, cos) = (-degrees.to_radians()).sin_cos();
    let [x, y] = [picture.width(), picture.height()].map(|side| side as f64 / 2.0);
    affine(picture, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y], canvas)
}

/// Row `y` moved left by `factor * y`.
pub(super) fn shear_x(picture: &Picture, factor: f64, canvas: Canvas) -> Picture {
    affine(picture, [1.0, factor, 0.0, 0.0, 1.0, 0.0], canvas)
}

/// Column `x` moved up by `factor * x`.
pub(super) fn shear_y(picture: &Picture, factor: f64, canvas: Canvas) -> Picture {
    affine(picture, [1.0, 0.0, 0.0, factor, 1.0, 0.0], canvas)
}

/// Moved left by a share of its width.
pub(super) fn translate_x(picture: &Picture, share: f64, canvas: Canvas) -> Picture {
    affine(picture, [1.0, 0.0, share * picture.width() as f64, 0.0, 1.0, 0.0], canvas)
}

/// Moved up by a share of its height.
pub(super) fn translate_y(picture: &Picture, share: f64, canvas: Canvas) -> Picture {
    affine(picture, [1.0, 0.0, 0.0, 0.0, 1.0, share * picture.height() as f64], canvas)
}

/// The pixel whose middle is at (x, y) comes from (a x + b y + c, d x + e y + f).
fn affine(picture: &Picture, [a, b, c, d, e, f]: [f64; 6], canvas: Canvas) -> Picture {
    let (width, height) = (picture.width(), picture.height());
    let mut out = Picture::filled(width, height, canvas.fill);
    for (y, row) in out.rgb_mut().chunks_exact_mut(3 * width).enumerate() {
        let y = y as f64 + 0.5;
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let x = x as f64 + 0.5;
            let at = [a * x + b * y + c, d * x + e * y + f];
            if (0.0..width as f64).contains(&at[0]) && (0.0..height as f64).contains(&at[1]) {
                pixel.copy_from_slice(&match canvas.interpolation {
                    Interpolation::Bilinear => filtered(picture, at, linear),
                    Interpolation::Bicubic => filtered(picture, at, cubic),
                    Interpolation::Nearest => picture.pixel(at[0] as usize, at[1] as usize),
                });
            }
        }
    }
    out
}

/// The colour at a place by a filter of `N` taps each way; beyond the border its pixels repeat.
fn filtered<const N: usize>(picture: &Picture, at: [f64; 2], filter: impl Fn([Colour; N], f64) -> Colour) -> [u8; 3] {
    let [x, y] = at.map(|place| (place - 0.5).floor());
    let taps = |first: f64, side: usize| -> [usize; N] {
        from_fn(|i| (first as isize + i as isize + 1 - N as isize / 2).clamp(0, side as isize - 1) as usize)
    };
    let columns = taps(x, picture.width());
    let rows = taps(y, picture.height()).map(|y| picture.row(y));
    let [tx, ty] = [at[0] - 0.5 - x, at[1] - 0.5 - y];
    let along = rows.map(|row| {
        let colours = columns.map(|x| {
            let pixel = &row[3 * x..3 * x + 3];
            [pixel[0], pixel[1], pixel[2]].map(f64::from)
        });
        filter(colours, tx)
    });
    filter(along, ty).map(|value| value as u8)
}

fn linear([p, q]: [Colour; 2], t: f64) -> Colour {
    from_fn(|i| p[i] + (q[i] - p[i]) * t)
}

/// Keys' cubic with a = -1 between `q` and `r`.
fn cubic([p, q, r, s]: [Colour; 4], t: f64) -> Colour {
    from_fn(|i| {
        let (p, q, r, s) = (p[i], q[i], r[i], s[i]);
        let [slope, bend, twist] = [r - p, 2.0 * (p - q) + r - s, q - p - r + s];
        q + t * (slope + t * (bend + t * twist))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANVAS: Canvas = Canvas { fill: [1, 2, 3], interpolation: Interpolation::Bicubic };

    #[test]
    fn whole_pixels_move_exactly_and_the_fill_comes_in() {
        let picture = Picture::new(4, 2, (100..124).collect());
        for interpolation in [Interpolation::Bicubic, Interpolation::Bilinear, Interpolation::Nearest] {
            let moved = translate_x(&picture, 0.25, Canvas { interpolation, ..CANVAS });
            for y in 0..2 {
                assert!((0..3).all(|x| moved.pixel(x, y) == picture.pixel(x + 1, y)), "{interpolation:?}");
                assert_eq!(moved.pixel(3, y), [1, 2, 3]);
            }
        }
    }

    #[test]
    fn a_flat_picture_stays_flat_within_the_frame() {
        let turned = rotate(&Picture::filled(9, 9, [200; 3]), 17.0, CANVAS);
        assert!((2..7).all(|y| (2..7).all(|x| turned.pixel(x, y) == [200; 3])));
        assert_eq!(turned.pixel(0, 0), [1, 2, 3]);
    }
}
