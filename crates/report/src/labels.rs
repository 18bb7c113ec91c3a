//! Labels beside dots, so that none lies on another.

use crate::markup::width;

const SIZE: f64 = 10.0;

/// A dot and what is to be written beside it.
pub(crate) struct Dot<'a> {
    pub(crate) at: [f64; 2],
    pub(crate) label: &'a str,
}

/// A label and where its text begins, on the base line.
pub(crate) struct Label<'a> {
    pub(crate) at: [f64; 2],
    pub(crate) text: &'a str,
}

/// Left, top, right, bottom.
type Area = [f64; 4];

/// Labels that find room within `frame`: right of the dot, else left, above or below. Those that find none are left out.
pub(crate) fn placed<'a>(dots: &[Dot<'a>], frame: Area) -> Vec<Label<'a>> {
    let mut taken: Vec<Area> = dots.iter().map(|dot| around(dot.at, 6.0)).collect();
    let mut labels = Vec::new();
    for dot in dots.iter().filter(|dot| !dot.label.is_empty()) {
        let ([x, y], wide) = (dot.at, width(dot.label, SIZE));
        let starts =
            [[x + 8.0, y + 3.5], [x - 8.0 - wide, y + 3.5], [x - wide / 2.0, y - 9.0], [x - wide / 2.0, y + 16.0]];
        let found = starts.into_iter().find_map(|at| {
            let area = [at[0], at[1] - SIZE + 1.0, at[0] + wide, at[1] + 2.0];
            let free = inside(area, frame) && taken.iter().all(|other| !overlap(area, *other));
            free.then_some((at, area))
        });
        if let Some((at, area)) = found {
            taken.push(area);
            labels.push(Label { at, text: dot.label });
        }
    }
    labels
}

fn around([x, y]: [f64; 2], by: f64) -> Area {
    [x - by, y - by, x + by, y + by]
}

fn overlap(a: Area, b: Area) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

fn inside(a: Area, frame: Area) -> bool {
    a[0] >= frame[0] && a[1] >= frame[1] && a[2] <= frame[2] && a[3] <= frame[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_lies_on_a_label_or_a_dot_or_outside() {
        let frame = [0.0, 0.0, 300.0, 200.0];
        let places: Vec<[f64; 2]> = (0..40).map(|i| [f64::from(i * 37 % 300), f64::from(i * 53 % 200)]).collect();
        let dots: Vec<Dot> = places.iter().map(|&at| Dot { at, label: "rexnet_100" }).collect();
        let areas: Vec<Area> = placed(&dots, frame)
            .iter()
            .map(|label| [label.at[0], label.at[1] - SIZE, label.at[0] + width(label.text, SIZE), label.at[1]])
            .collect();
        assert!(areas.len() > 5);
        for (i, a) in areas.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[2] <= 300.0 && a[3] <= 200.0, "{a:?}");
            assert!(areas[..i].iter().all(|b| !overlap(*a, *b)), "{a:?}");
            assert!(places.iter().all(|dot| !overlap(*a, around(*dot, 4.0))), "{a:?}");
        }
    }

    #[test]
    fn a_lone_dot_at_the_right_edge_has_its_label_on_the_left() {
        let labels = placed(&[Dot { at: [95.0, 50.0], label: "abc" }], [0.0, 0.0, 100.0, 100.0]);
        assert!(labels[0].at[0] < 95.0);
    }
}
