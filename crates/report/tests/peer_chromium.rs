//! A page in Chromium: `REXNET_CHROMIUM` names the program, otherwise the first of its usual names on the path.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod sample;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use image::RgbImage;
use serde_json::Value;

fn chromium() -> Option<OsString> {
    let named = std::env::var_os("REXNET_CHROMIUM");
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(OsString::from);
    let starts = |program: &OsString| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    named.into_iter().chain(usual).find(starts)
}

/// What came of opening a page.
struct Seen {
    console: Vec<String>,
    requests: Vec<String>,
    picture: RgbImage,
}

/// Opens `html` in a fresh profile, as someone who prefers dark pages or light ones.
fn open(chromium: &OsString, html: &str, dark: bool) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("page.html"), html).unwrap();
    let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
    let done = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .args(["--no-first-run", "--disable-background-networking", "--enable-logging=stderr", "--v=0"])
        .args(["--window-size=1100,3800", &format!("--blink-settings=preferredColorScheme={}", i32::from(!dark))])
        .args([flag("user-data-dir", &at("profile")), flag("log-net-log", &at("net.json"))])
        .args([flag("screenshot", &at("page.png")), format!("file://{}", at("page.html").display())])
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{log}");
    Seen {
        console: log.lines().filter(|line| line.contains(":CONSOLE")).map(String::from).collect(),
        requests: requests(&serde_json::from_slice(&fs::read(at("net.json")).unwrap()).unwrap()),
        picture: image::open(at("page.png")).unwrap().into_rgb8(),
    }
}

/// Addresses that a page asked for. Requests that the browser makes for itself have no origin, and the page's own is a file's.
fn requests(log: &Value) -> Vec<String> {
    let events = log["events"].as_array().unwrap().iter().map(|event| &event["params"]);
    let of_page = events.filter(|params| params["initiator"].as_str().is_some_and(|from| from != "not an origin"));
    of_page.filter_map(|params| params["url"].as_str()).map(String::from).collect()
}

#[test]
fn a_page_of_everything_is_quiet_fetches_nothing_and_follows_the_colour_scheme() {
    let Some(chromium) = chromium() else {
        println!("NOT RUN: no Chromium (`REXNET_CHROMIUM` names one)");
        return;
    };
    let html = sample::page().to_html();
    for (dark, ground, accent) in
        [(false, [0xff, 0xff, 0xff], [0x25, 0x63, 0xc9]), (true, [0x15, 0x18, 0x1c], [0x74, 0xa9, 0xff])]
    {
        let seen = open(&chromium, &html, dark);
        assert_eq!(seen.console, Vec::<String>::new());
        assert_eq!(seen.requests, Vec::<String>::new());
        assert_eq!(seen.picture.get_pixel(0, 0).0, ground);
        let accents = seen.picture.pixels().filter(|pixel| pixel.0 == accent).count();
        assert!(accents > 10_000, "{accents} pixels of bars and cells, dark: {dark}");
    }
}

#[test]
fn markup_that_got_into_a_page_could_neither_run_nor_fetch() {
    let Some(chromium) = chromium() else {
        println!("NOT RUN: no Chromium (`REXNET_CHROMIUM` names one)");
        return;
    };
    let hostile = "<img src=http://127.0.0.1:9/a><script>console.error('it ran')</script></main>";
    let seen = open(&chromium, &sample::page().to_html().replace("</main>", hostile), false);
    assert_eq!(seen.requests, Vec::<String>::new());
    assert_eq!(seen.console.len(), 2, "{:?}", seen.console);
    assert!(seen.console.iter().all(|line| line.contains("Content Security Policy") && !line.contains("\"it ran")));
}

#[test]
fn a_page_that_complains_and_fetches_is_seen_to() {
    let Some(chromium) = chromium() else {
        println!("NOT RUN: no Chromium (`REXNET_CHROMIUM` names one)");
        return;
    };
    let html = "<!doctype html><title>x</title><img src=http://127.0.0.1:9/a><script>console.error('heard')</script>";
    let seen = open(&chromium, html, false);
    assert!(seen.console.iter().any(|line| line.contains("heard")), "{:?}", seen.console);
    assert_eq!(seen.requests, ["http://127.0.0.1:9/a"]);
}
