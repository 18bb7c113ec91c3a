//! Figures and self-contained HTML pages from tables.
#![forbid(unsafe_code)]
