//! Named tensors in and out of bytes: safetensors, PyTorch files, ONNX, and the self-describing model file.
//!
//! Everything that is read is hostile until parsed: headers are checked before anything is allocated, limits are named
//! constants, no code in a file is ever run, and tensors are fetched one at a time by positioned reads.
//!
//! ```no_run
//! use rexnet_spec::NetSpec;
//! use rexnet_weights::{NewHead, Store, resolve};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = NetSpec::named("rexnet_100")?;
//! let store = Store::open("rexnetv1_1.0.pth")?; // the header only
//! let binding = resolve(&spec, &store, NewHead::Refuse)?; // clovaai's names, told apart by their keys
//! let stem = binding.read_f32("stem.conv.weight")?; // our names, whatever the file calls it
//! # Ok(())
//! # }
//! ```
//!
//! - [`Store`]: an opened file of tensors, whatever its format; `safetensors` and `pth` are the parsers behind it
//! - [`resolve`]: which tensor of a file is which tensor of a network, or a strict report why not
//! - [`ModelFile`]: one safetensors file that is enough by itself to predict
//! - [`init`]: seeded random weights
//! - [`write_atomic`]: how every file of this project is written
#![forbid(unsafe_code)]

mod atomic;
mod bytes;
mod dialect;
mod dtype;
mod error;
mod identify;
mod init;
mod mismatch;
mod model_file;
pub mod onnx;
mod pth;
mod resolve;
pub mod safetensors;
mod sniff;
mod store;
mod tensor;
pub mod timm_dir;

pub use atomic::{refuse_device, write_atomic};
pub use dialect::Dialect;
pub use dtype::Dtype;
pub use error::{HeaderFault, TensorFault, WeightsError};
pub use identify::identify;
pub use init::init;
pub use mismatch::Mismatch;
pub use model_file::{FORMAT_VERSION, ModelFile, ModelMeta};
pub use pth::PthFault;
pub use resolve::{Binding, HeadChange, NewHead, resolve};
pub use sniff::FileKind;
pub use store::Store;
pub use tensor::{Data, Tensor, Tensors};
