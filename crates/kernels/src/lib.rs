//! Arithmetic on plain slices, one file a kernel, each beside its scalar reference.
#![allow(unsafe_code)]
