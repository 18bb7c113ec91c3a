//! The system's allocator, told to keep what it has.

/// Keeps freed memory in the process instead of handing its pages back: fresh pages cost as much as the arithmetic of
/// plain operations, whose results are allocated anew each time, and a fifth of a picture's decoding. Call it before work
/// that allocates much; once is enough.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn keep_freed_memory() {
    // SAFETY: `mallopt` may be called at any time; these settings change no memory that is in use.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, -1);
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Nothing to tell the allocator of this system.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_freed_memory() {}
