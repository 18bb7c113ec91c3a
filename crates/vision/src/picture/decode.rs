//! Bytes to a picture. The content decides the format, never a name.

use std::io::{Cursor, Read};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::indexed::Palette;
use super::{Picture, PictureError, jpeg};

/// Rules of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decode {
    /// Whether the orientation tag of a photograph is obeyed.
    pub exif: bool,
    /// Width times height that is still decoded; checked on the header, before anything is allocated.
    pub max_pixels: u64,
}

impl Default for Decode {
    /// Obeys the tag, up to the number of pixels that Pillow decodes without complaint twice over.
    fn default() -> Self {
        Self { exif: true, max_pixels: 178_956_970 }
    }
}

/// Decodes JPEG, PNG, WebP, BMP, GIF and TIFF, of an animation the first frame. Grey is repeated, palettes are expanded,
/// transparency is composed over white, CMYK becomes RGB by Pillow's formula, 16 bits are scaled by 257.
/// # Errors
/// `Empty`, `NotAPicture`, `TooLarge`, `Truncated`, `Unsupported`, `Broken`.
pub fn decode(bytes: &[u8], rules: &Decode) -> Result<Picture, PictureError> {
    let format = format_of(bytes).ok_or_else(|| PictureError::unknown(bytes))?;
    let (picture, orientation) = match format {
        ImageFormat::Jpeg => jpeg::decode(bytes, rules)?,
        ImageFormat::WebP if riff_end(bytes) > bytes.len() as u64 => {
            return Err(PictureError::Truncated { format: "WebP", rows: None });
        }
        ImageFormat::Tiff => tiff(bytes, rules)?,
        _ => other(bytes, format, rules)?,
    };
    Ok(if rules.exif { turned(picture, orientation) } else { picture })
}

/// First bytes that say what a file is.
pub(crate) const HEAD_BYTES: u64 = 64;

/// A picture file may have this many bytes.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Reads and decodes a picture. Of what does not begin like one only the beginning is read, for it may have no end.
/// # Errors
/// As [`decode`]; `Long`; `Io`.
pub fn decode_from(mut from: impl Read, rules: &Decode) -> Result<Picture, PictureError> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES as usize);
    from.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes)?;
    if format_of(&bytes).is_some() {
        from.take(MAX_FILE_BYTES - HEAD_BYTES + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(PictureError::Long { limit: MAX_FILE_BYTES });
    }
    decode(&bytes, rules)
}

/// The format that the first bytes of a file name, among those read here.
pub(crate) fn format_of(head: &[u8]) -> Option<ImageFormat> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    image::guess_format(head).ok().filter(|format| [Bmp, Gif, Jpeg, Png, Tiff, WebP].contains(format))
}

fn tiff(bytes: &[u8], rules: &Decode) -> Result<(Picture, Orientation), PictureError> {
    let Some((palette, indices)) = Palette::take(bytes) else { return other(bytes, ImageFormat::Tiff, rules) };
    let (mut picture, orientation) = other(&indices, ImageFormat::Tiff, rules)?;
    for pixel in picture.rgb_mut().as_chunks_mut().0 {
        *pixel = palette.colour(pixel[0]);
    }
    Ok((picture, orientation))
}

/// Where a RIFF file says that it ends.
fn riff_end(bytes: &[u8]) -> u64 {
    bytes.get(4..).and_then(<[u8]>::first_chunk).map_or(0, |&size| 8 + u64::from(u32::from_le_bytes(size)))
}

fn other(bytes: &[u8], format: ImageFormat, rules: &Decode) -> Result<(Picture, Orientation), PictureError> {
    let name = name_of(format);
    let broken = |error: ImageError| match error {
        ImageError::Unsupported(what) => PictureError::Unsupported { format: name, what: what.to_string() },
        _ => PictureError::broken(name, &error),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.no_limits();
    let mut decoder = reader.into_decoder().map_err(broken)?;
    let (width, height) = decoder.dimensions();
    rules.admit(width.into(), height.into())?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(rules.max_pixels.saturating_mul(32).max(1 << 26));
    decoder.set_limits(limits).map_err(broken)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(broken)?;
    Ok((flat(&image), orientation))
}

impl Decode {
    /// Refuses what is larger than allowed.
    pub(super) fn admit(&self, width: u64, height: u64) -> Result<(), PictureError> {
        match width.saturating_mul(height) {
            0 => Err(PictureError::Broken { format: "picture", reason: format!("{width}x{height} pixels") }),
            pixels if pixels > self.max_pixels => Err(PictureError::TooLarge { width, height, limit: self.max_pixels }),
            _ => Ok(()),
        }
    }
}

/// Three planes of 8 bits over white.
fn flat(image: &DynamicImage) -> Picture {
    let [width, height] = [image.width(), image.height()].map(|n| n as usize);
    let rgb = match image {
        DynamicImage::ImageRgb8(rgb) => rgb.as_raw().clone(),
        DynamicImage::ImageLuma8(grey) => grey.as_raw().iter().flat_map(|&v| [v; 3]).collect(),
        _ if image.color().has_alpha() => image
            .to_rgba16()
            .as_raw()
            .chunks_exact(4)
            .flat_map(|p| [p[0], p[1], p[2]].map(|v| over_white(v, p[3])))
            .collect(),
        _ => image.to_rgb16().as_raw().iter().map(|&v| narrow(v.into())).collect(),
    };
    Picture::new(width, height, rgb)
}

/// 16 bits to the nearest of 8.
fn narrow(value: u32) -> u8 {
    ((value + 128) / 257) as u8
}

fn over_white(value: u16, alpha: u16) -> u8 {
    let [value, alpha] = [value, alpha].map(u64::from);
    narrow(((value * alpha + 65_535 * (65_535 - alpha) + 32_767) / 65_535) as u32)
}

fn turned(picture: Picture, orientation: Orientation) -> Picture {
    if orientation == Orientation::NoTransforms {
        return picture;
    }
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    let rgb = image::RgbImage::from_raw(width, height, picture.into_rgb()).expect("a picture has three bytes a pixel");
    let mut image = DynamicImage::ImageRgb8(rgb);
    image.apply_orientation(orientation);
    Picture::new(image.width() as usize, image.height() as usize, image.into_rgb8().into_raw())
}

fn name_of(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::WebP => "WebP",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Tiff => "TIFF",
        _ => unreachable!("JPEG has a reader of its own"),
    }
}
