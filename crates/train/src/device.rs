//! Where training computes, by name.

use burn::tensor::Device;
#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal", feature = "cuda", feature = "rocm"))]
use burn::tensor::DeviceType;

use crate::TrainError;

/// All devices of a kind that this machine has.
type All = fn() -> Vec<Device>;

/// Names, and the devices that each stands for. A build knows those of its features.
const DEVICES: &[(&str, All)] = &[
    ("cpu", || vec![Device::flex()]),
    #[cfg(feature = "wgpu")]
    ("wgpu", || Device::enumerate(DeviceType::Wgpu).into_vec()),
    #[cfg(feature = "vulkan")]
    ("vulkan", || Device::enumerate(DeviceType::Vulkan).into_vec()),
    #[cfg(feature = "metal")]
    ("metal", || Device::enumerate(DeviceType::Metal).into_vec()),
    #[cfg(feature = "cuda")]
    ("cuda", || Device::enumerate(DeviceType::Cuda).into_vec()),
    #[cfg(feature = "rocm")]
    ("rocm", || Device::enumerate(DeviceType::Rocm).into_vec()),
];

/// The device that `text` names: `cpu`, or with the feature of that name `wgpu`, `cuda:1` and the like.
/// # Errors
/// `Device` for a name that this build does not know, `NoDevice` for one that this machine has too few of.
pub fn device(text: &str) -> Result<Device, TrainError> {
    let (name, index) = text.split_once(':').map_or((text, None), |(name, index)| (name, Some(index)));
    let unknown = || TrainError::Device {
        name: text.to_owned(),
        known: DEVICES.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", "),
    };
    let &(_, all) = DEVICES.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    let index: usize = index.map_or(Ok(0), str::parse).map_err(|_| unknown())?;
    let devices = all();
    let found = devices.len();
    devices.into_iter().nth(index).ok_or_else(|| TrainError::NoDevice { name: text.to_owned(), found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_unknown_names_list_the_known() {
        assert_eq!(device("cpu").expect("always there"), Device::flex());
        assert!(matches!(device("cpu:1"), Err(TrainError::NoDevice { found: 1, .. })));
        for text in ["gpu", "cpu:x", "", "cuda:x"] {
            assert!(
                matches!(device(text), Err(TrainError::Device { known, .. }) if known.starts_with("cpu")),
                "{text}"
            );
        }
    }
}
