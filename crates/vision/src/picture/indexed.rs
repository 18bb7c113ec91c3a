//! TIFF with a palette, a kind that the decoder lacks: its indices are read as grey, then looked up.

/// Tags of a TIFF directory.
const PHOTOMETRIC: u16 = 262;
const COLOUR_MAP: u16 = 320;

const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// Red, green and blue of each index, 16 bits of which Pillow keeps the upper 8.
pub(super) struct Palette(Vec<u8>);

impl Palette {
    /// The palette of a file whose first picture has one of 256 colours, and the file with its indices declared grey.
    pub(super) fn take(bytes: &[u8]) -> Option<(Self, Vec<u8>)> {
        let tiff = Tiff::of(bytes)?;
        let kind = tiff.value(PHOTOMETRIC)?;
        let map = tiff.value(COLOUR_MAP)?;
        if tiff.short(kind)? != PALETTE {
            return None;
        }
        let start = tiff.long(map)? as usize;
        let upper = |at: usize| tiff.short(start.checked_add(2 * at)?).map(|value| (value >> 8) as u8);
        let colours = (0..3 * 256).map(upper).collect::<Option<_>>()?;
        let mut grey = bytes.to_vec();
        grey[kind..kind + 2].copy_from_slice(&tiff.short_bytes(BLACK_IS_ZERO));
        Some((Self(colours), grey))
    }

    /// The colour of an index.
    pub(super) fn colour(&self, index: u8) -> [u8; 3] {
        [0, 256, 512].map(|plane| self.0[plane + usize::from(index)])
    }
}

/// A classic TIFF file, in either byte order.
struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Tiff<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Self { bytes, little: true }),
            b"MM\0*" => Some(Self { bytes, little: false }),
            _ => None,
        }
    }

    fn short(&self, at: usize) -> Option<u16> {
        let two = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn short_bytes(&self, value: u16) -> [u8; 2] {
        if self.little { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    fn long(&self, at: usize) -> Option<u32> {
        let four = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// Where the first directory keeps the value of a tag, or the offset of its values.
    fn value(&self, tag: u16) -> Option<usize> {
        let directory = self.long(4)? as usize;
        let entries = (0..usize::from(self.short(directory)?)).map(|i| directory + 2 + 12 * i);
        let mut found = entries.take_while(|&at| at + 12 <= self.bytes.len()).filter(|&at| self.short(at) == Some(tag));
        found.next().map(|at| at + 8)
    }
}
