//! PyTorch's files.
use crate::WeightsError;
use crate::bytes::Bytes;
use crate::store::Contents;
pub(crate) fn parse_zip(_: &Bytes) -> Result<Contents, WeightsError> {
    Err(WeightsError::NotWeights(crate::FileKind::Zip))
}
pub(crate) fn parse_legacy(_: &Bytes) -> Result<Contents, WeightsError> {
    Err(WeightsError::NotWeights(crate::FileKind::LegacyPth))
}
