//! Learning: modules built from a spec, losses, optimizer, schedule, the loop and run folders.
#![forbid(unsafe_code)]
