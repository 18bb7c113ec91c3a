//! Batches of training pictures: a function of (seed, step), whatever the threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use rexnet_random::Stream;
use rexnet_spec::Input;

use super::Dataset;
use crate::augment::Augment;
use crate::picture::{Decode, Normalise};
use crate::{Picture, PictureError};

/// Share of the pictures that may be broken before training stops.
const BROKEN_SHARE: f64 = 0.1;
/// Bytes of decoded pictures that are kept, so that each is decoded once.
const KEPT_BYTES: usize = 512 << 20;
/// Batches made ahead.
const AHEAD: u64 = 2;

/// What a loader makes batches of, and how.
#[derive(Clone, Debug)]
pub struct LoaderOptions {
    /// Seed of order and augmentation.
    pub seed: u64,
    /// Pictures of a batch; fewer where the data have fewer.
    pub batch: usize,
    /// Threads that read and augment.
    pub threads: usize,
    /// What happens to the pictures.
    pub augment: Augment,
    /// The network's input contract.
    pub input: Input,
}

/// Pictures as the network reads them, with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, channels, height, width]`, normalised.
    pub pixels: Vec<f32>,
    /// Class of each picture.
    pub labels: Vec<usize>,
    /// Share of the picture's own class in its target. The rest is the class of the picture that it was mixed with, the
    /// one as far from the batch's end. 1 where nothing was mixed.
    pub lambda: f32,
}

/// Why there is no batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// Batch norm needs two pictures.
    #[error("{found} training picture(s); at least 2 are needed")]
    TooFew {
        /// Pictures there are.
        found: usize,
    },
    /// The data are not fit to train on.
    #[error("{broken} of {count} training pictures are broken, the first is {name}: {error}")]
    TooManyBroken {
        /// Broken pictures met so far.
        broken: usize,
        /// Pictures in all.
        count: usize,
        /// Name of the first.
        name: String,
        /// What is wrong with it.
        error: String,
    },
    /// A fault of this program, told rather than waited for.
    #[error("a thread that makes batches failed: {0}")]
    Failed(String),
    /// The system gives no threads.
    #[error("no threads to make batches with: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Makes batches ahead of the step that wants them.
pub struct Loader {
    maker: Arc<Maker>,
    pool: ThreadPool,
    ahead: VecDeque<(u64, Receiver<Result<Batch, LoaderError>>)>,
}

/// What makes a batch.
struct Maker {
    data: Dataset,
    options: LoaderOptions,
    normalise: Normalise,
    kept: Vec<OnceLock<Arc<Picture>>>,
    kept_bytes: AtomicUsize,
    broken: Vec<AtomicBool>,
    first_broken: OnceLock<(usize, PictureError)>,
    /// The order of the epoch that was asked for last.
    order: Mutex<Option<(u64, Arc<Vec<usize>>)>>,
}

impl Loader {
    /// A loader over the pictures of `data`.
    /// # Errors
    /// `TooFew`, `Threads`.
    pub fn new(data: Dataset, mut options: LoaderOptions) -> Result<Self, LoaderError> {
        let count = data.samples.len();
        if count < 2 {
            return Err(LoaderError::TooFew { found: count });
        }
        options.batch = options.batch.min(count);
        let pool = ThreadPoolBuilder::new().num_threads(options.threads.max(1)).build()?;
        let maker = Maker {
            normalise: Normalise::new(&options.input),
            kept: (0..count).map(|_| OnceLock::new()).collect(),
            kept_bytes: AtomicUsize::new(0),
            broken: (0..count).map(|_| AtomicBool::new(false)).collect(),
            first_broken: OnceLock::new(),
            order: Mutex::new(None),
            data,
            options,
        };
        Ok(Self { maker: Arc::new(maker), pool, ahead: VecDeque::new() })
    }

    /// Batches of an epoch; pictures that fill no batch wait for another epoch's order.
    pub fn batches(&self) -> u64 {
        (self.maker.data.samples.len() / self.maker.options.batch) as u64
    }

    /// Pictures of a batch.
    pub fn batch(&self) -> usize {
        self.maker.options.batch
    }

    /// Broken pictures met so far; each is replaced by the next in the order.
    pub fn broken(&self) -> Vec<String> {
        let names = self.maker.broken.iter().zip(&self.maker.data.samples);
        names.filter(|(broken, _)| broken.load(Ordering::Relaxed)).map(|(_, s)| s.source.name().into_owned()).collect()
    }

    /// The batch of a step, counted from 0 over all epochs.
    /// # Errors
    /// `TooManyBroken`, `Failed`.
    pub fn at(&mut self, step: u64) -> Result<Batch, LoaderError> {
        while self.ahead.front().is_some_and(|(made, _)| *made != step) {
            self.ahead.pop_front();
        }
        for next in step..=step + AHEAD {
            if !self.ahead.iter().any(|(made, _)| *made == next) {
                self.begin(next);
            }
        }
        let (_, batch) = self.ahead.pop_front().expect("the step was begun above");
        batch.recv().unwrap_or_else(|_| Err(LoaderError::Failed("it ended without a word".into())))
    }

    fn begin(&mut self, step: u64) {
        let (sender, receiver) = channel();
        let maker = self.maker.clone();
        self.pool.spawn(move || {
            let made = catch_unwind(AssertUnwindSafe(|| maker.batch(step)));
            // Nobody may be waiting any more.
            let _ = sender.send(made.unwrap_or_else(|panic| Err(LoaderError::Failed(words(panic.as_ref())))));
        });
        self.ahead.push_back((step, receiver));
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into())
}

impl Maker {
    fn batch(&self, step: u64) -> Result<Batch, LoaderError> {
        let size = self.options.batch;
        let batches = (self.data.samples.len() / size) as u64;
        let (epoch, first) = (step / batches, (step % batches) as usize * size);
        let order = self.order(epoch);
        let sides = self.options.input.size.map(|side| side as usize);
        let values = self.normalise.values(sides[0] * sides[1]);
        let mut pixels = vec![0.0; size * values];
        let labels: Vec<Option<usize>> = pixels
            .par_chunks_exact_mut(values)
            .enumerate()
            .with_max_len(1)
            .map(|(i, to)| self.picture(epoch, &order, first + i, to))
            .collect();
        self.judge()?;
        let labels = labels.into_iter().map(|label| label.expect("checked by `judge`")).collect();
        let mut draws = Stream::new(self.options.seed).named("mix").at(step).draws();
        let lambda = self.options.augment.mix(&mut pixels, size, sides, &mut draws);
        Ok(Batch { pixels, labels, lambda })
    }

    /// Writes the picture at `place` of the order, or the next one that is not broken, and gives its label.
    fn picture(&self, epoch: u64, order: &[usize], place: usize, to: &mut [f32]) -> Option<usize> {
        let (index, picture) = (0..order.len()).find_map(|further| {
            let index = order[(place + further) % order.len()];
            self.read(index).map(|picture| (index, picture))
        })?;
        let mut draws = Stream::new(self.options.seed).named("augment").at(epoch).at(index as u64).draws();
        let view = self.options.augment.view(&picture, &self.options.input, &mut draws);
        self.normalise.write(&view, to);
        self.options.augment.erase(to, [view.height(), view.width()], &mut draws);
        Some(self.data.samples[index].label)
    }

    fn read(&self, index: usize) -> Option<Arc<Picture>> {
        if let Some(kept) = self.kept[index].get() {
            return Some(kept.clone());
        }
        if self.broken[index].load(Ordering::Relaxed) {
            return None;
        }
        let rules = Decode { exif: self.options.input.exif, ..Decode::default() };
        match self.data.samples[index].source.read(&rules) {
            Ok(picture) => {
                let (bytes, picture) = (picture.rgb().len(), Arc::new(picture));
                if self.kept_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= KEPT_BYTES {
                    return Some(self.kept[index].get_or_init(|| picture).clone());
                }
                self.kept_bytes.fetch_sub(bytes, Ordering::Relaxed);
                Some(picture)
            }
            Err(error) => {
                self.broken[index].store(true, Ordering::Relaxed);
                let _ = self.first_broken.set((index, error)); // another may have been first
                None
            }
        }
    }

    /// Refuses data of which too many are broken.
    fn judge(&self) -> Result<(), LoaderError> {
        let Some((first, error)) = self.first_broken.get() else { return Ok(()) };
        let count = self.data.samples.len();
        let broken = self.broken.iter().filter(|broken| broken.load(Ordering::Relaxed)).count();
        if (broken as f64) <= BROKEN_SHARE * count as f64 {
            return Ok(());
        }
        let name = self.data.samples[*first].source.name().into_owned();
        Err(LoaderError::TooManyBroken { broken, count, name, error: error.to_string() })
    }

    fn order(&self, epoch: u64) -> Arc<Vec<usize>> {
        let mut kept = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, order)) if *of == epoch => order.clone(),
            _ => {
                let stream = Stream::new(self.options.seed).named("order").at(epoch);
                let order = Arc::new(stream.permutation(self.data.samples.len()));
                *kept = Some((epoch, order.clone()));
                order
            }
        }
    }
}
