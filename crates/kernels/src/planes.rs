//! Maps as kernels see them: planes of as many channels as a vector has lanes.
//!
//! `[plane][row][column][lane]`: a pixel of a plane is one vector, the pixels of a row lie side by side, rows and planes
//! at any stride. Channels past the last are lanes nobody reads. Views can be cut by planes, rows and columns.

use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

/// Extents of a view, and its strides in values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    lanes: usize,
    planes: usize,
    rows: usize,
    width: usize,
    row: usize,
    plane: usize,
}

impl Layout {
    /// Where a pixel begins.
    fn at(&self, plane: usize, row: usize, column: usize) -> usize {
        assert!(plane < self.planes && row < self.rows && column < self.width, "{plane} {row} {column} of {self:?}");
        plane * self.plane + row * self.row + column * self.lanes
    }

    fn is_dense(&self) -> bool {
        self.row == self.width * self.lanes
    }

    /// The part of these planes, rows and columns, and where it begins.
    fn cut(&self, planes: Range<usize>, rows: Range<usize>, columns: Range<usize>) -> (usize, Self) {
        let inside = |part: &Range<usize>, whole: usize| part.start <= part.end && part.end <= whole;
        let fits = inside(&planes, self.planes) && inside(&rows, self.rows) && inside(&columns, self.width);
        assert!(fits, "planes {planes:?}, rows {rows:?}, columns {columns:?} of {self:?}");
        let none = planes.is_empty() || rows.is_empty() || columns.is_empty();
        let first = planes.start * self.plane + rows.start * self.row + columns.start * self.lanes;
        (if none { 0 } else { first }, Self { planes: planes.len(), rows: rows.len(), width: columns.len(), ..*self })
    }
}

/// A map to read.
#[derive(Clone, Copy, Debug)]
pub struct Planes<'a> {
    first: NonNull<f32>,
    layout: Layout,
    values: PhantomData<&'a [f32]>,
}

/// A map to fill.
#[derive(Debug)]
pub struct PlanesMut<'a> {
    first: NonNull<f32>,
    layout: Layout,
    values: PhantomData<&'a mut [f32]>,
}

// SAFETY: a view is a borrow of f32, shared for `Planes`, exclusive for `PlanesMut`; disjointness is theirs by construction.
unsafe impl Send for Planes<'_> {}
// SAFETY: as above.
unsafe impl Sync for Planes<'_> {}
// SAFETY: as above.
unsafe impl Send for PlanesMut<'_> {}
// SAFETY: as above; through a shared reference it can only be read.
unsafe impl Sync for PlanesMut<'_> {}

macro_rules! extents {
    () => {
        /// Planes.
        pub fn planes(&self) -> usize {
            self.layout.planes
        }

        /// Rows.
        pub fn rows(&self) -> usize {
            self.layout.rows
        }

        /// Pixels of a row.
        pub fn width(&self) -> usize {
            self.layout.width
        }

        /// Channels of a plane.
        pub fn lanes(&self) -> usize {
            self.layout.lanes
        }

        /// Pixels of a plane.
        pub fn area(&self) -> usize {
            self.layout.rows * self.layout.width
        }
    };
}

/// Values of a map whose rows and planes lie side by side.
pub fn values(lanes: usize, planes: usize, rows: usize, width: usize) -> usize {
    planes * rows * width * lanes
}

fn dense(lanes: usize, planes: usize, rows: usize, width: usize, found: usize) -> Layout {
    assert!(found >= values(lanes, planes, rows, width), "{found} values for {planes}x{rows}x{width}x{lanes}");
    Layout { lanes, planes, rows, width, row: width * lanes, plane: rows * width * lanes }
}

impl<'a> Planes<'a> {
    /// The map at the beginning of `values`.
    /// # Panics
    /// When there are too few.
    pub fn new(values: &'a [f32], lanes: usize, planes: usize, rows: usize, width: usize) -> Self {
        let layout = dense(lanes, planes, rows, width, values.len());
        Self { first: NonNull::from(values).cast(), layout, values: PhantomData }
    }

    extents!();

    /// Some of the rows.
    #[must_use]
    pub fn rows_of(self, rows: Range<usize>) -> Self {
        self.cut(0..self.planes(), rows, 0..self.width())
    }

    /// Some of the planes.
    #[must_use]
    pub fn planes_of(self, planes: Range<usize>) -> Self {
        self.cut(planes, 0..self.rows(), 0..self.width())
    }

    fn cut(self, planes: Range<usize>, rows: Range<usize>, columns: Range<usize>) -> Self {
        let (start, layout) = self.layout.cut(planes, rows, columns);
        // SAFETY: the part lies within the view; an empty one begins where the view does.
        Self { first: unsafe { offset(self.first, start) }, layout, values: PhantomData }
    }

    /// The values of a row.
    pub fn row(&self, plane: usize, row: usize) -> &'a [f32] {
        self.span(plane, row, self.layout.width)
    }

    /// The values of a plane.
    /// # Panics
    /// When its rows do not lie side by side.
    pub fn plane(&self, plane: usize) -> &'a [f32] {
        assert!(self.layout.is_dense(), "rows apart: {:?}", self.layout);
        self.span(plane, 0, self.area())
    }

    /// Pixels from the `first` on, counted row by row, of one plane after the other.
    /// # Panics
    /// When the rows do not lie side by side, or past the last pixel.
    #[inline(always)]
    pub(crate) fn runs(&self, first: usize, pixels: usize) -> impl Iterator<Item = &'a [f32]> + use<'a> {
        let Layout { lanes, planes, plane, .. } = self.layout;
        assert!(self.layout.is_dense() && first + pixels <= self.area(), "{first} {pixels} of {:?}", self.layout);
        let start = self.first;
        (0..planes).map(move |i| {
            // SAFETY: asserted above; the view borrows its values for 'a.
            unsafe { std::slice::from_raw_parts(offset(start, i * plane + first * lanes).as_ptr(), pixels * lanes) }
        })
    }

    /// Whether so many pixels from the `first` on, counted row by row, lie side by side in every plane.
    pub(crate) fn holds(&self, first: usize, pixels: usize) -> bool {
        self.layout.is_dense() && first + pixels <= self.area()
    }

    /// Where a pixel of the first plane begins, if rows lie side by side.
    pub(crate) fn at(&self, pixel: usize) -> *const f32 {
        self.first.as_ptr().wrapping_add(pixel * self.layout.lanes)
    }

    /// Values from a plane to the next.
    pub(crate) fn stride(&self) -> usize {
        self.layout.plane
    }

    fn span(&self, plane: usize, row: usize, pixels: usize) -> &'a [f32] {
        if pixels == 0 {
            return &[];
        }
        let start = self.layout.at(plane, row, 0);
        // SAFETY: the pixels lie side by side within the view, which borrows them for 'a.
        unsafe { std::slice::from_raw_parts(offset(self.first, start).as_ptr(), pixels * self.layout.lanes) }
    }
}

impl<'a> PlanesMut<'a> {
    /// The map at the beginning of `values`.
    /// # Panics
    /// When there are too few.
    pub fn new(values: &'a mut [f32], lanes: usize, planes: usize, rows: usize, width: usize) -> Self {
        let layout = dense(lanes, planes, rows, width, values.len());
        Self { first: NonNull::from(values).cast(), layout, values: PhantomData }
    }

    extents!();

    /// The same map to read.
    pub fn shared(&self) -> Planes<'_> {
        Planes { first: self.first, layout: self.layout, values: PhantomData }
    }

    /// The same map to read, for as long as this view could have filled it.
    pub fn into_shared(self) -> Planes<'a> {
        Planes { first: self.first, layout: self.layout, values: PhantomData }
    }

    /// A view of the same map for a shorter time.
    pub fn view(&mut self) -> PlanesMut<'_> {
        PlanesMut { first: self.first, layout: self.layout, values: PhantomData }
    }

    /// Some of the planes, rows and columns.
    #[must_use]
    pub fn part(self, planes: Range<usize>, rows: Range<usize>, columns: Range<usize>) -> Self {
        let (start, layout) = self.layout.cut(planes, rows, columns);
        // SAFETY: the part lies within the view; an empty one begins where the view does.
        Self { first: unsafe { offset(self.first, start) }, layout, values: PhantomData }
    }

    /// Some of the planes.
    #[must_use]
    pub fn planes_of(self, planes: Range<usize>) -> Self {
        let Layout { rows, width, .. } = self.layout;
        self.part(planes, 0..rows, 0..width)
    }

    /// Some of the rows.
    #[must_use]
    pub fn rows_of(self, rows: Range<usize>) -> Self {
        let Layout { planes, width, .. } = self.layout;
        self.part(0..planes, rows, 0..width)
    }

    /// # Safety
    /// The two are never used for the same value.
    pub(crate) unsafe fn alias(&self) -> Self {
        Self { first: self.first, layout: self.layout, values: PhantomData }
    }

    /// The values of a row.
    pub fn row(&mut self, plane: usize, row: usize) -> &mut [f32] {
        self.span(plane, row, 0, self.layout.width)
    }

    /// The values of a plane.
    /// # Panics
    /// When its rows do not lie side by side.
    pub fn plane(&mut self, plane: usize) -> &mut [f32] {
        assert!(self.layout.is_dense(), "rows apart: {:?}", self.layout);
        self.span(plane, 0, 0, self.area())
    }

    /// The channels of a pixel.
    pub fn pixel(&mut self, plane: usize, row: usize, column: usize) -> &mut [f32] {
        self.span(plane, row, column, 1)
    }

    /// Calls `f` with some of the pixels, counted row by row, as runs that lie side by side: of each run, for each of
    /// the planes, the plane, the first pixel and the values.
    #[inline(always)]
    pub(crate) fn runs(
        &mut self,
        planes: Range<usize>,
        pixels: Range<usize>,
        mut f: impl FnMut(usize, usize, &mut [f32]),
    ) {
        let Layout { lanes, width, row, plane, .. } = self.layout;
        assert!(planes.end <= self.planes() && pixels.end <= self.area(), "{planes:?} {pixels:?} of {:?}", self.layout);
        let (mut pixel, mut start, mut straight) = (pixels.start, pixels.start * lanes, pixels.end);
        if !self.layout.is_dense() && pixel < pixels.end {
            let column = pixel % width;
            (start, straight) = (pixel / width * row + column * lanes, width - column);
        }
        while pixel < pixels.end {
            let length = straight.min(pixels.end - pixel);
            for i in planes.clone() {
                // SAFETY: asserted above; the pixels lie side by side within the view, whose borrow is exclusive.
                let run = unsafe {
                    std::slice::from_raw_parts_mut(offset(self.first, i * plane + start).as_ptr(), length * lanes)
                };
                f(i, pixel, run);
            }
            // Every other run begins a row.
            pixel += length;
            (start, straight) = (start + length * lanes + row - width * lanes, width);
        }
    }

    /// The same map with as many pixels in a row as lie side by side: a dense one is a single row.
    #[must_use]
    pub(crate) fn in_lines(self) -> Self {
        let mut layout = self.layout;
        if layout.is_dense() && layout.rows > 0 {
            (layout.rows, layout.width, layout.row) = (1, self.area(), layout.rows * layout.row);
        }
        Self { layout, ..self }
    }

    /// Some pixels of a row.
    /// # Panics
    /// When there are fewer.
    #[inline(always)]
    pub(crate) fn piece(&mut self, plane: usize, row: usize, column: usize, pixels: usize) -> &mut [f32] {
        assert!(column + pixels <= self.layout.width, "{column} {pixels} of {:?}", self.layout);
        self.span(plane, row, column, pixels)
    }

    #[inline(always)]
    fn span(&mut self, plane: usize, row: usize, column: usize, pixels: usize) -> &mut [f32] {
        if pixels == 0 {
            return &mut [];
        }
        let start = self.layout.at(plane, row, column);
        // SAFETY: the pixels lie side by side within the view, which borrows them exclusively.
        unsafe { std::slice::from_raw_parts_mut(offset(self.first, start).as_ptr(), pixels * self.layout.lanes) }
    }

    /// Copies a map of the same extents.
    pub fn copy(&mut self, from: Planes) {
        assert_eq!([self.planes(), self.rows(), self.width()], [from.planes(), from.rows(), from.width()]);
        for plane in 0..self.planes() {
            for row in 0..self.rows() {
                self.row(plane, row).copy_from_slice(from.row(plane, row));
            }
        }
    }

    /// Zeros on every pixel outside these rows and columns.
    pub fn clear_around(&mut self, rows: Range<usize>, columns: Range<usize>) {
        for plane in 0..self.planes() {
            for row in 0..self.rows() {
                let lanes = self.lanes();
                let values = self.row(plane, row);
                if rows.contains(&row) {
                    values[..columns.start * lanes].fill(0.0);
                    values[columns.end * lanes..].fill(0.0);
                } else {
                    values.fill(0.0);
                }
            }
        }
    }
}

/// # Safety
/// `values` past `first` is still inside, or one past the end of, what `first` points into.
unsafe fn offset(first: NonNull<f32>, values: usize) -> NonNull<f32> {
    // SAFETY: passed on.
    unsafe { first.add(values) }
}

/// Maps of `[channel][row][column]`, as the references have them, to planes and back.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Planes, PlanesMut, values};
    use crate::{Buffer, Map};

    /// A map in planes; lanes past the last channel hold `past`.
    pub(crate) fn planes_of(lanes: usize, map: Map, x: &[f32], past: f32) -> Buffer {
        let planes = map.c.div_ceil(lanes);
        let mut buffer = Buffer::zeros(values(lanes, planes, map.h, map.w));
        let mut y = PlanesMut::new(&mut buffer, lanes, planes, map.h, map.w);
        for_each(lanes, map, |c, r, s| {
            let value = if c < map.c { x[(c * map.h + r) * map.w + s] } else { past };
            y.pixel(c / lanes, r, s)[c % lanes] = value;
        });
        buffer
    }

    /// The channels of a map in planes.
    pub(crate) fn channels_of(x: Planes, map: Map) -> Vec<f32> {
        let mut y = vec![f32::NAN; map.len()];
        for_each(x.lanes(), map, |c, r, s| {
            if c < map.c {
                y[(c * map.h + r) * map.w + s] = x.row(c / x.lanes(), r)[s * x.lanes() + c % x.lanes()];
            }
        });
        y
    }

    fn for_each(lanes: usize, map: Map, mut f: impl FnMut(usize, usize, usize)) {
        for c in 0..map.c.next_multiple_of(lanes) {
            for r in 0..map.h {
                (0..map.w).for_each(|s| f(c, r, s));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value is its own index.
    fn numbered(lanes: usize, planes: usize, rows: usize, width: usize) -> Vec<f32> {
        (0..values(lanes, planes, rows, width)).map(|i| i as f32).collect()
    }

    #[test]
    fn a_part_sees_the_rows_and_columns_it_was_cut_from() {
        let mut x = numbered(2, 3, 4, 5);
        let mut part = PlanesMut::new(&mut x, 2, 3, 4, 5).part(1..3, 1..4, 2..4);
        assert_eq!((part.planes(), part.rows(), part.width()), (2, 3, 2));
        assert_eq!(part.row(0, 0), [54.0, 55.0, 56.0, 57.0]);
        assert_eq!(part.pixel(1, 2, 1), [116.0, 117.0]);
    }

    #[test]
    fn an_empty_part_has_no_values() {
        let x = numbered(2, 3, 4, 5);
        let none = Planes::new(&x, 2, 3, 4, 5).rows_of(4..4);
        assert_eq!((none.area(), none.plane(2).len()), (0, 0));
    }

    #[test]
    fn clearing_around_leaves_the_inside() {
        let mut x = vec![1.0; values(2, 1, 4, 5)];
        PlanesMut::new(&mut x, 2, 1, 4, 5).clear_around(1..3, 2..4);
        let inside = |i: usize| (1..3).contains(&(i / 10)) && (2..4).contains(&(i % 10 / 2));
        assert!(x.iter().enumerate().all(|(i, &v)| v == f32::from(u8::from(inside(i)))));
    }

    #[test]
    #[should_panic(expected = "columns")]
    fn a_part_past_the_edge_is_refused() {
        let mut x = numbered(2, 3, 4, 5);
        let _ = PlanesMut::new(&mut x, 2, 3, 4, 5).part(0..3, 0..4, 2..6);
    }

    #[test]
    #[should_panic(expected = "rows apart")]
    fn a_plane_of_rows_that_lie_apart_is_refused() {
        let mut x = numbered(2, 3, 4, 5);
        PlanesMut::new(&mut x, 2, 3, 4, 5).part(0..3, 0..4, 2..4).plane(0);
    }
}
