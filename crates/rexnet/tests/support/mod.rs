//! Drives the built binary in a fresh folder, as a user would.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod models;
pub(crate) mod training;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// What a run of the binary said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `rexnet` with these arguments in `folder`.
pub(crate) fn rexnet_in(folder: &Path, args: &[impl AsRef<OsStr>]) -> Said {
    let output: Output = Command::new(env!("CARGO_BIN_EXE_rexnet"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary runs");
    Said {
        code: output.status.code().expect("an exit code, not a signal"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// Runs `rexnet` in a folder of its own.
pub(crate) fn rexnet(args: &[&str]) -> Said {
    let folder = tempfile::tempdir().expect("a folder");
    rexnet_in(folder.path(), args)
}

impl Said {
    /// Standard output of a run that succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout
    }

    /// The JSON value that a run printed, whatever its exit code.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}
