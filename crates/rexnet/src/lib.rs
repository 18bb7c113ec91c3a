//! The library face of rexnet.
#![forbid(unsafe_code)]
