//! `cargo xtask counts`: instructions of one run of each portable and AVX2 kernel, counted by Valgrind's callgrind, so that a
//! kernel cannot become slower unseen, whatever else the machine is doing. It decodes no AVX-512; `loops` looks at that.

use std::process::Command;

/// Instructions of a run that are held, in thousands: portable, AVX2.
const HELD: &[(&str, [f64; 2])] = &[
    ("pointwise", [1450.5, 371.0]),
    ("pointwise-int8", [5_615.0, 348.0]),
    ("depthwise-3", [606.0, 129.0]),
    ("depthwise-5", [1333.0, 286.0]),
    ("stem", [1478.0, 483.5]),
    ("silu", [79.8, 11.4]),
];
const ISAS: [&str; 2] = ["portable", "avx2"];

/// More than was held by this much is too many.
const SLACK: f64 = 1.02;

/// Counts all kernels. Without Valgrind nothing is counted, and that is said.
pub(crate) fn check() -> Result<(), String> {
    let is_here = Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success());
    if !cfg!(target_arch = "x86_64") || !is_here {
        eprintln!("NOT RUN: instruction counts, which want Valgrind on x86-64");
        return Ok(());
    }
    crate::cargo(&["build", "--release", "--quiet", "--package", "rexnet-kernels", "--example", "count"])?;
    let mut wrong = Vec::new();
    for (kernel, held) in HELD {
        for (isa, held) in ISAS.into_iter().zip(held) {
            let seen = per_run(kernel, isa)?;
            println!("{kernel} {isa}: {seen:.1} thousand instructions, {held:.1} held");
            if seen > held * SLACK {
                wrong.push(format!("{kernel} {isa}: {seen:.1} thousand instructions, {held:.1} are held"));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\nxtask: ")) }
}

/// Thousands of instructions of one run: what ten more take.
fn per_run(kernel: &str, isa: &str) -> Result<f64, String> {
    Ok((collected(kernel, isa, "11")? - collected(kernel, isa, "1")?) / 1e4)
}

fn collected(kernel: &str, isa: &str, runs: &str) -> Result<f64, String> {
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            "target/release/examples/count",
            kernel,
            isa,
            runs,
        ])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("{kernel} {isa}: {said}"))
}
