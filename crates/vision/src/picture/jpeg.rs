//! JPEG, whole files alone: a decoder that goes on after damage shows grey where the picture was.

use std::ops::Range;

use image::metadata::Orientation;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::{DecodeErrors, UnsupportedSchemes};
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Decode, Picture, PictureError};

const FORMAT: &str = "JPEG";

/// Markers, the second byte of each.
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// A picture at its full resolution, and how it is to be turned.
pub(super) fn decode(bytes: &[u8], rules: &Decode) -> Result<(Picture, Orientation), PictureError> {
    let mut decoder = decoder(bytes, true);
    let tidied;
    if decoder.decode_headers().is_err() {
        tidied = tidy(bytes);
        decoder = self::decoder(&tidied, true);
        decoder.decode_headers().map_err(|error| broken(&error))?;
    }
    let (width, height) = decoder.dimensions().unwrap_or_default();
    rules.admit(width as u64, height as u64)?;
    if !is_whole(bytes) {
        return Err(PictureError::Truncated { format: FORMAT, rows: rows_of(bytes, height) });
    }
    let orientation = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let rgb = decoder.decode().map_err(|error| broken(&error))?;
    if rgb.len() != 3 * width * height {
        return Err(PictureError::Unsupported { format: FORMAT, what: "neither grey, colour nor CMYK".into() });
    }
    Ok((Picture::new(width, height, rgb), orientation.unwrap_or(Orientation::NoTransforms)))
}

fn decoder(bytes: &[u8], strict: bool) -> JpegDecoder<ZCursor<&[u8]>> {
    let options = DecoderOptions::default()
        .set_strict_mode(strict)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
}

fn broken(error: &DecodeErrors) -> PictureError {
    match error {
        DecodeErrors::Unsupported(scheme) => PictureError::Unsupported { format: FORMAT, what: coding(*scheme).into() },
        _ => PictureError::broken(FORMAT, error),
    }
}

fn coding(scheme: UnsupportedSchemes) -> &'static str {
    use UnsupportedSchemes::{ExtendedSequentialHuffman, LosslessArithmetic, LosslessHuffman};
    match scheme {
        ExtendedSequentialHuffman => "extended sequential coding",
        LosslessHuffman | LosslessArithmetic => "lossless coding",
        _ => "arithmetic coding",
    }
}

/// Whether an end marker stands behind the scans, as Pillow asks for.
fn is_whole(bytes: &[u8]) -> bool {
    bytes.ends_with(&[0xff, END_OF_IMAGE]) || Segments::of(bytes).any(|(marker, _)| marker == END_OF_IMAGE)
}

/// The file without what lies between the segments of its header; other readers pass over that, too.
fn tidy(bytes: &[u8]) -> Vec<u8> {
    let mut tidied = bytes[..2].to_vec();
    for (marker, segment) in Segments::of(bytes) {
        if marker == START_OF_SCAN {
            tidied.extend(&bytes[segment.start..]);
            break;
        }
        tidied.extend(&bytes[segment]);
    }
    tidied
}

/// Rows that a truncated file still has, and rows it should have; none where its scans are all of the whole picture.
fn rows_of(bytes: &[u8], height: usize) -> Option<[usize; 2]> {
    const FILL: u8 = 128;
    let rgb = decoder(bytes, false).decode().ok()?;
    let missing = rgb.rchunks(rgb.len() / height).take_while(|row| row.iter().all(|&byte| byte == FILL)).count();
    (missing > 0).then_some([height - missing, height])
}

/// Markers with their segments, in the order of the file, up to where it breaks off. Scans lie between segments: in them
/// 0 follows every 0xff that begins no marker.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// Those behind the two bytes that begin a file.
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2 }
    }
}

impl Iterator for Segments<'_> {
    type Item = (u8, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..)?;
        let start = self.at + rest.windows(2).position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))?;
        let marker = self.bytes[start + 1];
        let length = match marker {
            0x01 | 0xd0..=END_OF_IMAGE => 0,
            _ => usize::from(u16::from_be_bytes([*self.bytes.get(start + 2)?, *self.bytes.get(start + 3)?])),
        };
        self.at = start + 2 + length;
        (self.at <= self.bytes.len()).then_some((marker, start..self.at))
    }
}
