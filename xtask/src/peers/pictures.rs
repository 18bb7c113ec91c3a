//! The table of pictures from their files on.

use std::fmt::Write;

use serde_json::Value;

use super::{padded, plain};

/// One row a pipeline of others.
pub(super) fn markdown(rows: &[Value]) -> String {
    let mut text =
        String::from("| from JPEG files to | precision | threads | others | pictures/s | rexnet | times faster |\n");
    text += "|---|---|---|---|---|---|---|\n";
    for row in rows.iter().filter(|row| row["per_s"].is_number()) {
        let what = if row["what"] == "views" {
            "the network's view".into()
        } else {
            format!("answers of {}", plain(&row["net"]))
        };
        let cells = ["precision", "threads", "peer", "per_s", "ours_per_s"].map(|key| plain(&row[key]));
        let _ = writeln!(text, "| {what} | {} | **{}** |", cells.join(" | "), plain(&row["ratio"]));
    }
    text
}

/// What a row was measured at, in the order of the table.
pub(super) fn setting(row: &Value) -> Vec<String> {
    vec![plain(&row["what"]), plain(&row["precision"]), padded(&row["threads"])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_pipeline_that_ran_has_a_row() {
        let ran = json!({"what": "views", "net": "n", "precision": "f32", "threads": 2, "peer": "a", "per_s": 100.0,
            "ours_per_s": 150.0, "ratio": 1.5});
        let text = markdown(&[ran, json!({"peer": "gone", "missing": "why"})]);
        assert!(text.ends_with("|\n| the network's view | f32 | 2 | a | 100.0 | 150.0 | **1.5** |\n"), "{text}");
    }
}
