//! A graph as a plan that runs on a CPU.
#![forbid(unsafe_code)]
