//! The allocator's manners.

/// Asks glibc to keep freed pages for the next allocation: fresh pages cost more than the arithmetic on them.
/// Does nothing on other C libraries. Call it once, before the first large allocation.
pub fn keep_pages() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` only sets options of the allocator; any thread may call it at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}
