//! The `rexnet` command.
#![forbid(unsafe_code)]
fn main() {}
