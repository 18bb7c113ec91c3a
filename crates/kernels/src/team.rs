//! A small team of threads that share out work by claiming it, so that a thread which is held up holds up one part only.
//!
//! The caller works too. A thread without work looks out for some microseconds, then sleeps; work is not waited for by
//! those who came too late to claim any. What a part computes must not depend on who computes it.

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::share::Share;

/// Threads that wait for work; they end when it is dropped.
#[derive(Debug)]
pub struct Team {
    board: Arc<Board>,
    workers: Vec<JoinHandle<()>>,
}

/// Where a job is posted.
#[derive(Debug)]
struct Board {
    /// The number of the job, whether it can still be entered, and how many are inside: see the constants.
    state: AtomicUsize,
    job: UnsafeCell<Option<Job>>,
    panicked: AtomicBool,
}

/// A job runs once on each thread that enters it, told the thread's number. Its lifetime is erased: `Team::post` waits
/// for everyone inside before it returns.
type Job = *const (dyn Fn(usize) + Sync);

// SAFETY: `job` is written only while nobody is inside and the job is closed, and read only inside; the closure is Sync.
unsafe impl Sync for Board {}
// SAFETY: as above.
unsafe impl Send for Board {}

/// One thread inside.
const INSIDE: usize = 1;
/// Mask of the threads inside.
const ALL_INSIDE: usize = 0xffff;
/// Set while the job can be entered.
const OPEN: usize = 0x1_0000;
/// One job.
const NUMBER: usize = 0x2_0000;
/// Set once, at the end.
const OVER: usize = 1 << (usize::BITS - 1);

/// Looks before a thread sleeps, some tens of microseconds.
const LOOKS: usize = 1000;

impl Team {
    /// A team of `threads` threads, the caller's among them.
    pub fn new(threads: usize) -> Self {
        let board = Board { state: AtomicUsize::new(0), job: UnsafeCell::new(None), panicked: AtomicBool::new(false) };
        let board = Arc::new(board);
        let worker = |number: usize| {
            let board = Arc::clone(&board);
            thread::spawn(move || board.work(number))
        };
        let workers = (1..threads.clamp(1, ALL_INSIDE)).map(worker).collect();
        Self { board, workers }
    }

    /// Threads, the caller's among them.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Does `work` once on every part of `share`, told its number, on whichever thread comes for it, with that thread's own
    /// of the `rooms`.
    /// # Panics
    /// When there are fewer rooms than threads, or `work` panics.
    pub fn each<R: Send, S: Share>(&mut self, rooms: &mut [R], share: S, work: impl Fn(&mut R, usize, S::Part) + Sync) {
        assert!(rooms.len() >= self.threads(), "{} rooms for {} threads", rooms.len(), self.threads());
        if self.workers.is_empty() {
            return share.parts().enumerate().for_each(|(number, part)| work(&mut rooms[0], number, part));
        }
        let rooms = Rooms(rooms.as_mut_ptr());
        let stretches = Stretches::new(share.count(), self.threads());
        self.post(&|thread| {
            // SAFETY: every thread has its own number, below `threads`.
            let room = unsafe { rooms.of(thread) };
            while let Some(number) = stretches.claim(thread) {
                // SAFETY: a number is claimed once.
                work(room, number, unsafe { share.part(number) });
            }
        });
    }

    /// Runs `job` on this thread, and on every other that enters before this one is done.
    fn post(&mut self, job: &(dyn Fn(usize) + Sync)) {
        // SAFETY: the last job is closed and left, so nobody reads the cell; `Closing` waits, even through a panic,
        // until this job is left as well, so the erased lifetime is never outlived.
        unsafe { *self.board.job.get() = Some(std::mem::transmute::<&(dyn Fn(usize) + Sync), Job>(job)) };
        self.board.panicked.store(false, Ordering::Relaxed);
        self.board.state.fetch_add(NUMBER | OPEN, Ordering::Release);
        for worker in &self.workers {
            worker.thread().unpark();
        }
        let closing = Closing(&self.board);
        job(0);
        drop(closing);
        assert!(!self.board.panicked.load(Ordering::Acquire), "a thread of the team panicked");
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.board.state.fetch_or(OVER, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker catches what its jobs throw.
            let _ = worker.join();
        }
    }
}

/// Closes the job and waits for those inside.
struct Closing<'a>(&'a Board);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0;
        while self.0.state.load(Ordering::Acquire) & ALL_INSIDE != 0 {
            looks += 1;
            if looks < LOOKS { std::hint::spin_loop() } else { thread::yield_now() }
        }
    }
}

impl Board {
    /// The life of a worker.
    fn work(&self, number: usize) {
        let mut last = 0;
        let mut looks = 0;
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state & OVER != 0 {
                return;
            }
            let job = state / NUMBER;
            if state & OPEN == 0 || job == last {
                looks += 1;
                if looks < LOOKS {
                    std::hint::spin_loop();
                } else {
                    thread::park();
                }
                continue;
            }
            let entered = self.state.compare_exchange_weak(state, state + INSIDE, Ordering::AcqRel, Ordering::Relaxed);
            if entered.is_ok() {
                (last, looks) = (job, 0);
                self.run(number);
                self.state.fetch_sub(INSIDE, Ordering::Release);
            }
        }
    }

    fn run(&self, number: usize) {
        // SAFETY: this thread is inside: the cell was written before the job opened, and the closure lives until it is left.
        let job = unsafe { (*self.job.get()).map(|job| &*job) };
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job.map(|job| job(number))));
        if done.is_err() {
            self.panicked.store(true, Ordering::Release);
        }
    }
}

/// Parts shared out in advance, a stretch of neighbours for each thread: what lies side by side stays in one cache, and
/// is asked for ahead of its time. A thread that is done takes over what others have not begun, from their ends.
struct Stretches(Vec<Stretch>);

/// What is left of a stretch: the first part in the low half, the end in the high half. On lines of its own.
#[repr(align(128))]
struct Stretch(AtomicU64);

impl Stretches {
    fn new(parts: usize, threads: usize) -> Self {
        assert!(u32::try_from(parts).is_ok(), "{parts} parts");
        let start = |thread: usize| (parts * thread / threads) as u64;
        let stretch = |thread| Stretch(AtomicU64::new(start(thread) | start(thread + 1) << 32));
        Self((0..threads).map(stretch).collect())
    }

    /// A part that nobody has claimed yet, of the thread's own stretch as long as there are any.
    fn claim(&self, thread: usize) -> Option<usize> {
        let mut others = (1..self.0.len()).map(|i| (thread + i) % self.0.len());
        self.0[thread].first().or_else(|| others.find_map(|other| self.0[other].last()))
    }
}

impl Stretch {
    fn first(&self) -> Option<usize> {
        self.take(|first, end| (first, (first + 1, end)))
    }

    fn last(&self) -> Option<usize> {
        self.take(|first, end| (end - 1, (first, end - 1)))
    }

    /// Takes a part, if any is left: `cut` says which, and what is left then.
    fn take(&self, cut: impl Fn(u64, u64) -> (u64, (u64, u64))) -> Option<usize> {
        let mut taken = None;
        let rest = |left: u64| {
            let (first, end) = (left & u64::from(u32::MAX), left >> 32);
            let (part, (first, end)) = (first < end).then(|| cut(first, end))?;
            taken = Some(part as usize);
            Some(first | end << 32)
        };
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest).ok().and(taken)
    }
}

/// Rooms, one for each thread.
struct Rooms<R>(*mut R);

// SAFETY: each room is used by one thread, and may be sent to it.
unsafe impl<R: Send> Sync for Rooms<R> {}

impl<R> Rooms<R> {
    /// # Safety
    /// No two threads ask for the same number, and there is such a room.
    #[allow(clippy::mut_from_ref, reason = "disjoint by number")]
    unsafe fn of(&self, number: usize) -> &mut R {
        // SAFETY: passed on.
        unsafe { &mut *self.0.add(number) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_done_once_whoever_does_it() {
        for threads in 1..=4 {
            let mut team = Team::new(threads);
            assert_eq!(team.threads(), threads);
            let mut rooms = vec![0usize; threads];
            for parts in [0, 1, 2, 7, 1000] {
                let done: Vec<_> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
                rooms.fill(0);
                team.each(&mut rooms, 5..5 + parts, |room, number, part| {
                    assert_eq!(part, number + 5);
                    done[number].fetch_add(1, Ordering::Relaxed);
                    *room += 1;
                });
                assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{threads} {parts}");
                assert_eq!(rooms.iter().sum::<usize>(), parts, "{threads}");
            }
        }
    }

    #[test]
    fn a_thread_keeps_to_its_stretch_then_helps_from_the_end_of_anothers() {
        let stretches = Stretches::new(7, 2);
        let claimed: Vec<_> = [1, 1, 1, 1, 1, 0, 0, 0].map(|thread| stretches.claim(thread)).into();
        assert_eq!(claimed, [3, 4, 5, 6, 2, 0, 1].map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    }

    #[test]
    fn jobs_follow_each_other_thousands_of_times() {
        let mut team = Team::new(3);
        let (mut rooms, values) = (vec![(); 3], [const { AtomicUsize::new(0) }; 8]);
        for job in 0..5000 {
            team.each(&mut rooms, 0..8, |(), _, i| {
                values[i].fetch_add(job, Ordering::Relaxed);
            });
        }
        assert!(values.into_iter().all(|v| v.into_inner() == 4999 * 5000 / 2));
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_lives_on() {
        let mut team = Team::new(2);
        let mut rooms = [(), ()];
        let fails = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            team.each(&mut rooms, 0..100, |(), _, i| assert!(i < 50));
        }));
        assert!(fails.is_err());
        let done = AtomicUsize::new(0);
        team.each(&mut rooms, 0..100, |(), _, i| {
            done.fetch_add(i, Ordering::Relaxed);
        });
        assert_eq!(done.into_inner(), 4950);
    }
}
