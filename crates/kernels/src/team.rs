//! Threads.

/// Threads that affinity and cgroup allow this process.
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
