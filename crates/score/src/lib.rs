//! Measures on plain numbers: top-k, loss, confusion, calibration. The same code judges training and evaluation.
//!
//! ```
//! use rexnet_score::Tally;
//! let mut tally = Tally::new(3);
//! tally.add(&[0.1, 2.0, 0.3, 1.0, 0.0, 0.5], &[1, 2]); // logits [2, 3], labels [2]
//! assert_eq!(tally.scores().top1, Some(50.0));
//! ```
//!
//! - [`Tally`]: what is gathered picture by picture
//! - [`Scores`]: what it says
//! - [`Calibration`]: how far confidence is from accuracy
//! - [`fit_temperature`]: the divisor of logits that calibrates best
#![forbid(unsafe_code)]

mod calibration;
mod scores;
mod softmax;
mod tally;
mod temperature;

pub use calibration::{Bin, Calibration};
pub use scores::{ClassScore, Scores};
pub use softmax::softmax;
pub use tally::Tally;
pub use temperature::fit_temperature;
