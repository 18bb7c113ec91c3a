//! Measures on plain numbers: top-k, loss, confusion, calibration.
#![forbid(unsafe_code)]
