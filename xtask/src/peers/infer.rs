//! The table of inference: one runtime beside another.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;

use super::{number, padded, plain};

/// One row a network and precision, one column a batch and number of threads: how many times longer the nearest of the
/// others takes, its name, and our milliseconds.
pub(super) fn markdown(rows: &[Value]) -> String {
    let timed = || rows.iter().filter(|row| row["ms"].is_number());
    let unique = |cell: &dyn Fn(&Value) -> [String; 2]| timed().map(cell).collect::<BTreeSet<_>>();
    let columns = unique(&|row| [padded(&row["batch"]), padded(&row["threads"])]);
    let mut text = String::from("| network | precision |");
    for [batch, threads] in &columns {
        let _ = write!(text, " batch {}, threads {} |", batch.trim(), threads.trim());
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(columns.len()));
    for [net, precision] in unique(&|row| [plain(&row["net"]), plain(&row["precision"])]) {
        let of_it = |row: &&Value| [plain(&row["net"]), plain(&row["precision"])] == [&*net, &*precision];
        let kernels = timed().find(of_it).map_or(String::new(), |row| plain(&row["kernels"]));
        let _ = write!(text, "| {net} | {precision} ({kernels}) |");
        for [batch, threads] in &columns {
            let wanted = [net.as_str(), precision.as_str(), batch, threads];
            let nearest = timed().filter(|row| setting(row) == wanted);
            let nearest = nearest.min_by(|a, b| number(a, "ratio").total_cmp(&number(b, "ratio")));
            let cell = nearest.map_or(String::new(), |row| {
                format!("**{}** {} ({})", plain(&row["ratio"]), plain(&row["peer"]), plain(&row["ours_ms"]))
            });
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    let versions: BTreeSet<String> =
        timed().map(|row| format!("{} {}", plain(&row["peer"]), plain(&row["version"]))).collect();
    let _ = writeln!(text, "\nOthers: {}.", versions.into_iter().collect::<Vec<_>>().join(", "));
    let had: BTreeSet<String> = timed().map(|row| plain(&row["peer"])).collect();
    let missing: BTreeSet<String> =
        rows.iter().map(|row| plain(&row["peer"])).filter(|peer| !had.contains(peer)).collect();
    if !missing.is_empty() {
        let _ = writeln!(text, "Not had: {}.", missing.into_iter().collect::<Vec<_>>().join(", "));
    }
    text
}

/// What a row was measured at, in the order of the table.
pub(super) fn setting(row: &Value) -> Vec<String> {
    vec![plain(&row["net"]), plain(&row["precision"]), padded(&row["batch"]), padded(&row["threads"])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_names_the_nearest_peer_of_each_setting_and_those_not_had() {
        let row = |peer: &str, batch: u32, ms: f64| {
            json!({"net": "n", "batch": batch, "threads": 2, "precision": "f32", "peer": peer,
            "version": "1.0", "kernels": "k", "ms": ms, "ours_ms": 2.0, "ratio": ms / 2.0})
        };
        let missing =
            json!({"net": "n", "batch": 1, "threads": 2, "precision": "f32", "peer": "gone", "missing": "why"});
        let rows = [row("slow", 1, 9.0), row("fast", 1, 3.0), row("slow", 16, 5.0), missing];
        let text = markdown(&rows);
        assert!(text.contains("| network | precision | batch 1, threads 2 | batch 16, threads 2 |\n"), "{text}");
        assert!(text.contains("| n | f32 (k) | **1.5** fast (2.0) | **2.5** slow (2.0) |\n"), "{text}");
        assert!(text.ends_with("Others: fast 1.0, slow 1.0.\nNot had: gone.\n"), "{text}");
    }
}
