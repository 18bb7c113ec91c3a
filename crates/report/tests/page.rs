//! What a page holds, read as text; `peer_chromium.rs` opens it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod sample;

use rexnet_report::{Cell, Chart, Confusion, Facts, Page, Reliability, ReliabilityBin, Table};

#[test]
fn hostile_names_are_text_everywhere() {
    let html = sample::page().to_html();
    assert!(!html.contains("<script") && !html.contains("<img src=http"));
    assert!(html.matches("&lt;script&gt;").count() > 10);
    assert!(html.contains("<th scope=\"row\" dir=\"auto\">向日葵</th>"));
}

#[test]
fn nothing_is_referred_to_outside_the_file() {
    let html = sample::page().to_html();
    for attribute in [" href=\"", " src=\""] {
        for found in html.split(attribute).skip(1) {
            assert!(found.starts_with("data:") || found.starts_with('#'), "{attribute}{}", &found[..40]);
        }
    }
    assert!(!html.contains("url(") && !html.contains("@import"));
}

#[test]
fn every_picture_figure_and_scrolled_part_says_what_it_is() {
    let html = sample::page().to_html();
    assert_eq!(html.matches("<img ").count(), html.matches("<img alt=\"picture of ").count());
    let figures: Vec<&str> = html.split("<svg ").skip(1).collect();
    assert_eq!(figures.len(), 5);
    assert!(figures.iter().all(|svg| svg.split_once('>').unwrap().0.contains("role=\"img\" aria-label=\"")));
    let scrolled = html.matches("class=\"scroll\"").count();
    assert_eq!(scrolled, html.matches("class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"").count());
}

#[test]
fn what_is_undefined_is_a_dash() {
    let mut page = Page::new("a", "");
    let cells = [Cell::Share(None), Cell::Share(Some(f64::NAN)), Cell::Number(None), Cell::Number(Some(f64::NAN))];
    page.add(&Table::new("t", ["a", "b", "c", "d"]).row(cells));
    assert_eq!(page.to_html().matches(">–<").count(), 4);
}

#[test]
fn a_line_breaks_where_a_number_is_not_finite() {
    let svg = Chart::new("t", "x", "y").line("a", [0.0, 1.0, f64::NAN, 3.0, 4.0].map(|y| (y, y))).to_svg();
    let path = svg.split("class=\"curve c0").nth(1).unwrap().split('"').nth(2).unwrap();
    assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 2), "{path}");
}

#[test]
fn a_point_alone_is_seen() {
    for values in [vec![3.0], vec![3.0, f64::NAN, 4.0]] {
        let svg = Chart::new("t", "x", "y").line("a", values.iter().map(|&y| (y, y))).to_svg();
        let path = svg.split("class=\"curve c0").nth(1).unwrap().split('"').nth(2).unwrap();
        assert_eq!(path.matches("h0").count(), values.len().div_ceil(2), "{path}");
    }
}

#[test]
fn a_spike_among_a_hundred_thousand_steps_stays_in_the_line() {
    let values = |spike: f64| (0..100_000).map(move |x| (f64::from(x), if x == 54_321 { spike } else { 1.0 }));
    let chart =
        |spike| Chart::new("t", "x", "y").line("a", values(spike)).line("b", [(0.0, 0.0), (1.0, 10.0)]).to_svg();
    let heights = |svg: &str| {
        let path = svg.split("class=\"curve c0").nth(1).unwrap().split('"').nth(2).unwrap().to_string();
        let points = path.split(['M', 'L']).filter_map(|p| p.split_once(' ')?.1.trim_end_matches("h0").parse().ok());
        points.collect::<Vec<f64>>()
    };
    let (with, without) = (heights(&chart(9.0)), heights(&chart(1.0)));
    let least = |of: &[f64]| of.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(least(&with) < least(&without) - 100.0);
    assert!(with.len() < 3000, "{}", with.len());
}

#[test]
fn a_chart_without_data_a_class_alone_and_empty_bins_are_drawn() {
    let mut page = Page::new("empty", "");
    page.add(&Facts::new());
    page.add(&Chart::new("nothing", "x", "y"));
    page.add(&Chart::new("one", "x", "y").line("a", [(3.0, 3.0)]).log_y());
    page.add(&Confusion::new(vec!["a".into()], vec![0]));
    page.add(&Confusion::new(Vec::new(), Vec::new()));
    page.add(&Reliability::new([]));
    page.add(&Reliability::new([ReliabilityBin { count: 0, confidence: f64::NAN, accuracy: f64::NAN }]));
    let html = page.to_html();
    assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
}

#[test]
fn a_confusion_says_whose_share_a_cell_is() {
    let mut page = Page::new("a", "");
    page.add(&Confusion::new(vec!["cat".into(), "dog".into()], vec![3, 1, 0, 5]));
    let html = page.to_html();
    assert!(
        html.contains("cat taken for dog: 1 of 4 (25.0 %)") && html.contains("8 of 9 pictures lie on the diagonal")
    );
    assert!(!html.contains("dog taken for cat"));
}

#[test]
fn a_figure_that_stands_alone_is_well_formed_and_carries_its_colours() {
    let svg = sample::networks().to_svg();
    assert!(svg.contains("xmlns=\"http://www.w3.org/2000/svg\"") && svg.contains("prefers-color-scheme:dark"));
    assert!(!svg.contains("var(--"));
    assert!(svg.contains(">rexnet_100</text>"));
}
