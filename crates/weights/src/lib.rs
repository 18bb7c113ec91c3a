//! Named tensors in and out of bytes: safetensors, PyTorch files, ONNX, and the self-describing model file.
#![forbid(unsafe_code)]

pub mod onnx;
pub mod timm_dir;
