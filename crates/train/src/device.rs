//! Where training computes, by name.

use burn::tensor::Device;

use crate::TrainError;

/// Makes the device of a name.
type Make = fn(usize) -> Device;

/// Names, whether an index may follow, and what each makes. A build knows those of its features.
const DEVICES: &[(&str, bool, Make)] = &[
    ("cpu", false, |_| Device::flex()),
    #[cfg(feature = "wgpu")]
    ("wgpu", true, |index| Device::wgpu(burn::tensor::DeviceKind::DiscreteGpu(index))),
    #[cfg(feature = "vulkan")]
    ("vulkan", true, |index| Device::vulkan(burn::tensor::DeviceKind::DiscreteGpu(index))),
    #[cfg(feature = "metal")]
    ("metal", true, |index| Device::metal(burn::tensor::DeviceKind::DiscreteGpu(index))),
    #[cfg(feature = "cuda")]
    ("cuda", true, Device::cuda::<usize>),
    #[cfg(feature = "rocm")]
    ("rocm", true, Device::rocm::<usize>),
];

/// The device that `text` names: `cpu`, or with the feature of that name `wgpu`, `cuda:1` and the like.
/// # Errors
/// `Device` for a name that this build does not know.
pub fn device(text: &str) -> Result<Device, TrainError> {
    let (name, index) = text.split_once(':').map_or((text, None), |(name, index)| (name, Some(index)));
    let unknown = || TrainError::Device {
        name: text.to_owned(),
        known: DEVICES.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", "),
    };
    let &(_, indexed, make) = DEVICES.iter().find(|(known, ..)| *known == name).ok_or_else(unknown)?;
    match index {
        None => Ok(make(0)),
        Some(index) if indexed => Ok(make(index.parse().map_err(|_| unknown())?)),
        Some(_) => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_unknown_names_list_the_known() {
        assert_eq!(device("cpu").expect("always there"), Device::flex());
        for text in ["gpu", "cpu:1", "", "cuda:x"] {
            assert!(
                matches!(device(text), Err(TrainError::Device { known, .. }) if known.starts_with("cpu")),
                "{text}"
            );
        }
    }
}
