//! What threads share out: by number, so that each part is made by the thread that works on it and nothing is handed over.

use std::ops::Range;

use crate::planes::PlanesMut;

/// Neighbours, one behind the other from 0 on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cuts {
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Cuts {
    /// Neighbours of these lengths.
    pub fn of(lengths: impl IntoIterator<Item = usize>) -> Self {
        let mut end = 0;
        let next = |length| {
            end += length;
            end
        };
        Self { ends: lengths.into_iter().map(next).collect() }
    }

    /// `whole` in so many neighbours, whose lengths differ by one at most; in fewer where they would be empty.
    pub fn even(whole: usize, count: usize) -> Self {
        let count = count.min(whole);
        Self { ends: (1..=count).map(|i| whole * i / count).collect() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Their lengths together.
    pub fn whole(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// One of them.
    /// # Panics
    /// When there are fewer.
    pub fn range(&self, number: usize) -> Range<usize> {
        self.span(number..number + 1)
    }

    /// Some that follow each other, as one.
    /// # Panics
    /// When there are fewer.
    pub fn span(&self, numbers: Range<usize>) -> Range<usize> {
        let end = |count: usize| count.checked_sub(1).map_or(0, |last| self.ends[last]);
        end(numbers.start)..end(numbers.end)
    }

    /// All of them.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = Range<usize>> + '_ {
        (0..self.count()).map(|number| self.range(number))
    }

    /// The length of the longest.
    pub fn longest(&self) -> usize {
        self.ranges().map(|range| range.len()).max().unwrap_or(0)
    }
}

/// Parts with numbers from 0 on.
/// # Safety
/// Parts of different numbers may be used at the same time, each on any thread.
pub unsafe trait Share: Sync {
    /// One of them.
    type Part;

    /// How many there are.
    fn count(&self) -> usize;

    /// The part of a number below `count`.
    /// # Safety
    /// Nobody asks for a number twice.
    unsafe fn part(&self, number: usize) -> Self::Part;

    /// All of them, in order.
    fn parts(self) -> impl Iterator<Item = Self::Part>
    where
        Self: Sized,
    {
        // SAFETY: each number comes once, and `self` is gone.
        (0..self.count()).map(move |number| unsafe { self.part(number) })
    }
}

/// A map cut into bands of rows, groups of planes, or both: then the groups of the first band come first.
pub struct Pieces<'a> {
    map: PlanesMut<'a>,
    rows: Option<&'a Cuts>,
    planes: Option<&'a Cuts>,
}

impl<'a> PlanesMut<'a> {
    /// The map cut by rows.
    /// # Panics
    /// When it has another number of rows.
    pub fn bands(self, rows: &'a Cuts) -> Pieces<'a> {
        Pieces::new(self, Some(rows), None)
    }

    /// The map cut by planes.
    /// # Panics
    /// When it has another number of planes.
    pub fn groups(self, planes: &'a Cuts) -> Pieces<'a> {
        Pieces::new(self, None, Some(planes))
    }

    /// The map cut by rows and planes.
    /// # Panics
    /// When it has other numbers of them.
    pub fn pieces(self, rows: &'a Cuts, planes: &'a Cuts) -> Pieces<'a> {
        Pieces::new(self, Some(rows), Some(planes))
    }
}

impl<'a> Pieces<'a> {
    fn new(map: PlanesMut<'a>, rows: Option<&'a Cuts>, planes: Option<&'a Cuts>) -> Self {
        let fits = |cuts: Option<&Cuts>, whole| cuts.is_none_or(|cuts| cuts.whole() == whole);
        assert!(fits(rows, map.rows()) && fits(planes, map.planes()), "{rows:?} and {planes:?} of {map:?}");
        Self { map, rows, planes }
    }
}

// SAFETY: pieces of different numbers lie in other rows or other planes.
unsafe impl<'a> Share for Pieces<'a> {
    type Part = PlanesMut<'a>;

    fn count(&self) -> usize {
        self.rows.map_or(1, Cuts::count) * self.planes.map_or(1, Cuts::count)
    }

    unsafe fn part(&self, number: usize) -> PlanesMut<'a> {
        let groups = self.planes.map_or(1, Cuts::count);
        let rows = self.rows.map_or(0..self.map.rows(), |cuts| cuts.range(number / groups));
        let planes = self.planes.map_or(0..self.map.planes(), |cuts| cuts.range(number % groups));
        // SAFETY: each number is asked for once, and the pieces are disjoint.
        unsafe { self.map.alias() }.part(planes, rows, 0..self.map.width())
    }
}

// SAFETY: a number is anyone's.
unsafe impl Share for Range<usize> {
    type Part = usize;

    fn count(&self) -> usize {
        self.len()
    }

    unsafe fn part(&self, number: usize) -> usize {
        self.start + number
    }
}

// SAFETY: those of what there is, if there is anything.
unsafe impl<A: Share> Share for Option<A> {
    type Part = Option<A::Part>;

    /// Of nothing there is as much as anyone wants.
    fn count(&self) -> usize {
        self.as_ref().map_or(usize::MAX, Share::count)
    }

    unsafe fn part(&self, number: usize) -> Option<A::Part> {
        // SAFETY: passed on.
        self.as_ref().map(|share| unsafe { share.part(number) })
    }
}

macro_rules! together {
    ($($share:ident $at:tt),+) => {
        // SAFETY: parts of one number go together.
        unsafe impl<$($share: Share),+> Share for ($($share,)+) {
            type Part = ($($share::Part,)+);

            /// # Panics
            /// When there are more of the first than of another.
            fn count(&self) -> usize {
                let counts = [$(self.$at.count()),+];
                assert!(counts.iter().all(|&count| counts[0] <= count), "{counts:?}");
                counts[0]
            }

            unsafe fn part(&self, number: usize) -> Self::Part {
                // SAFETY: passed on.
                unsafe { ($(self.$at.part(number),)+) }
            }
        }
    };
}

together!(A 0, B 1);
together!(A 0, B 1, C 2);

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(cuts: &Cuts) -> Vec<Range<usize>> {
        cuts.ranges().collect()
    }

    #[test]
    fn cuts_lie_one_behind_the_other() {
        assert_eq!(ranges(&Cuts::of([2, 0, 3])), [0..2, 2..2, 2..5]);
        assert_eq!((Cuts::of([2, 0, 3]).whole(), Cuts::of([2, 0, 3]).longest()), (5, 3));
        assert_eq!([0..3, 1..3, 2..2].map(|some| Cuts::of([2, 4, 3]).span(some)), [0..9, 2..9, 6..6]);
        assert_eq!((Cuts::default().whole(), Cuts::default().longest(), Cuts::default().count()), (0, 0, 0));
    }

    #[test]
    fn even_cuts_differ_by_one_and_are_never_empty() {
        for (whole, count) in [(56, 6), (7, 2), (5, 5), (3, 8), (0, 4)] {
            let cuts = Cuts::even(whole, count);
            assert_eq!((cuts.whole(), cuts.count()), (whole, count.min(whole)));
            let lengths: Vec<usize> = cuts.ranges().map(|range| range.len()).collect();
            assert!(lengths.iter().all(|&n| n > 0 && n + 1 >= cuts.longest()), "{lengths:?}");
        }
    }

    #[test]
    fn pieces_cover_a_map_once() {
        let planes = Cuts::of([2, 1]);
        for count in 1..=4 {
            let rows = Cuts::even(4, count);
            let mut x = vec![0.0; 2 * 3 * 4 * 5];
            let pieces = PlanesMut::new(&mut x, 2, 3, 4, 5).pieces(&rows, &planes);
            assert_eq!(pieces.count(), 2 * count);
            for (number, mut piece) in pieces.parts().enumerate() {
                assert_eq!([piece.rows(), piece.planes()], [rows.range(number / 2).len(), [2, 1][number % 2]]);
                for i in 0..piece.planes() * piece.rows() {
                    let (plane, row) = (i / piece.rows(), i % piece.rows());
                    piece.row(plane, row).iter_mut().for_each(|v| *v += 1.0);
                }
            }
            assert!(x.iter().all(|&v| v == 1.0), "{count}");
        }
    }

    #[test]
    fn what_goes_together_goes_by_number() {
        let nothing: Option<Range<usize>> = None;
        let all: Vec<_> = (0..2, 5..9, nothing).parts().collect();
        assert_eq!(all, [(0, 5, None), (1, 6, None)]);
    }

    #[test]
    #[should_panic(expected = "of PlanesMut")]
    fn cuts_of_another_map_are_refused() {
        let mut x = vec![0.0; 2 * 3 * 4 * 5];
        let _ = PlanesMut::new(&mut x, 2, 3, 4, 5).groups(&Cuts::of([2, 2]));
    }
}
