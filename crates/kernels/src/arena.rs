//! Memory that is taken once and kept: zeroed, aligned to cache lines, on huge pages where it is large.

use std::alloc::{self, Layout};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// A huge page. Chunks of this size and more begin on one and ask for them: weights are read from end to end for every
/// picture, and looking up thousands of small pages takes as long as a tenth of the arithmetic.
const HUGE: usize = 2 << 20;
/// A cache line.
const LINE: usize = 64;

/// Hands out buffers that lie side by side.
#[derive(Debug, Default)]
pub struct Arena {
    chunk: Option<Arc<Chunk>>,
    used: usize,
}

/// Values of f32 that begin at a cache line; dereferences to a slice.
#[derive(Default)]
pub struct Buffer {
    /// Keeps the memory, and where in it the values begin, in bytes; none for an empty buffer.
    place: Option<(Arc<Chunk>, usize)>,
    len: usize,
}

impl Arena {
    /// A buffer of `len` zeros.
    pub fn zeros(&mut self, len: usize) -> Buffer {
        let bytes = (len * size_of::<f32>()).next_multiple_of(LINE);
        if bytes == 0 {
            return Buffer::default();
        }
        let chunk = match &self.chunk {
            Some(chunk) if self.used + bytes <= chunk.layout.size() => Arc::clone(chunk),
            _ => {
                self.used = 0;
                Arc::clone(self.chunk.insert(Arc::new(Chunk::new(bytes.next_multiple_of(2 * HUGE)))))
            }
        };
        let place = Some((chunk, self.used));
        self.used += bytes;
        Buffer { place, len }
    }
}

impl Buffer {
    /// A buffer of `len` zeros with memory of its own.
    pub fn zeros(len: usize) -> Self {
        let bytes = (len * size_of::<f32>()).next_multiple_of(LINE);
        Self { place: (bytes > 0).then(|| (Arc::new(Chunk::new(bytes)), 0)), len }
    }

    fn first(&self) -> NonNull<f32> {
        match &self.place {
            // SAFETY: an arena places buffers within their chunk.
            Some((chunk, at)) => unsafe { chunk.first.add(*at).cast() },
            None => NonNull::dangling(),
        }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `len` values that were zeroed, kept by the chunk, given to no other buffer.
        unsafe { std::slice::from_raw_parts(self.first().as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, and the borrow of `self` is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.first().as_ptr(), self.len) }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} values)", self.len)
    }
}

/// Zeroed memory.
#[derive(Debug)]
struct Chunk {
    first: NonNull<u8>,
    layout: Layout,
}

// SAFETY: plain memory; buffers share none of it.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Chunk {
    fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes, if bytes < HUGE { LINE } else { HUGE });
        let layout = layout.expect("memory for a network fits an address space");
        // SAFETY: no caller asks for zero bytes.
        let memory = unsafe { alloc::alloc(layout) };
        let first = NonNull::new(memory).unwrap_or_else(|| alloc::handle_alloc_error(layout));
        if bytes >= HUGE {
            advise(first, bytes);
        }
        // SAFETY: all of it was allocated above. Zeroed only now, so that its pages are made as advised.
        unsafe { first.write_bytes(0, bytes) };
        Self { first, layout }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { alloc::dealloc(self.first.as_ptr(), self.layout) };
    }
}

/// Asks for huge pages; where there are none, small ones do.
#[cfg(target_os = "linux")]
fn advise(first: NonNull<u8>, bytes: usize) {
    // SAFETY: the range is ours, and the advice changes no contents.
    unsafe { libc::madvise(first.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_first: NonNull<u8>, _bytes: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_fresh(buffer: &Buffer, len: usize) -> bool {
        let aligned = len == 0 || buffer.as_ptr().addr().is_multiple_of(LINE);
        buffer.len() == len && aligned && buffer.iter().all(|&x| x == 0.0)
    }

    #[test]
    fn buffers_are_zeroed_aligned_and_as_long_as_asked() {
        for len in [0, 1, 15, 16, 17, 1000, 3 << 18] {
            let mut buffer = Buffer::zeros(len);
            assert!(is_fresh(&buffer, len));
            buffer.fill(1.0);
            assert!(buffer.iter().all(|&x| x == 1.0));
        }
    }

    #[test]
    fn buffers_of_an_arena_share_no_value_and_outlive_it() {
        let mut arena = Arena::default();
        let mut buffers: Vec<Buffer> = [7, 0, 16, 100_000, 900_000, 600_000, 3].map(|len| arena.zeros(len)).into();
        drop(arena);
        assert!(buffers.iter().all(|buffer| is_fresh(buffer, buffer.len())));
        for (i, buffer) in buffers.iter_mut().enumerate() {
            buffer.fill(i as f32 + 1.0);
        }
        for (i, buffer) in buffers.iter().enumerate() {
            assert!(buffer.iter().all(|&x| x == i as f32 + 1.0), "{i}");
        }
    }
}
