//! Networks as data: families, channel rules, exact cost, budget solver, tensor names and the graph.
#![forbid(unsafe_code)]
