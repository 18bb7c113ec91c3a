//! Arguments that several verbs share, each declared once.

use rexnet::Result;
use rexnet_spec::NetSpec;

/// `NET`: a zoo name, `rexnet:1.4` for any width, a `net.toml`, or a model file.
#[derive(Clone, Debug)]
pub(crate) struct NetArg(String);

impl std::str::FromStr for NetArg {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl NetArg {
    /// Reads the network.
    pub(crate) fn load(&self) -> Result<NetSpec> {
        rexnet::load_net(&self.0)
    }
}

/// `288` for a square or `HEIGHTxWIDTH`, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) [u32; 2]);

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (height, width) = text.split_once('x').unwrap_or((text, text));
        let side = |text: &str| text.parse().ok().filter(|&side: &u32| side > 0);
        match (side(height), side(width)) {
            (Some(height), Some(width)) => Ok(Self([height, width])),
            _ => Err("a side in pixels, or HEIGHTxWIDTH".into()),
        }
    }
}

/// A count with an optional unit: `300M`, `4.8m`, `1.2G`, `500k`, `300000000`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count(pub(crate) u64);

impl std::str::FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = || "a count above 0 such as 300M, 1.2G, 500k or 300000000".to_owned();
        let unit = match text.chars().last().map(|c| c.to_ascii_lowercase()) {
            Some('k') => 1e3,
            Some('m') => 1e6,
            Some('g' | 'b') => 1e9,
            _ => return text.parse().ok().filter(|&count| count > 0).map(Self).ok_or_else(wanted),
        };
        let count = text[..text.len() - 1].parse::<f64>().map_err(|_| wanted())? * unit;
        if (1.0..1e18).contains(&count) { Ok(Self(count.round() as u64)) } else { Err(wanted()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_take_units_and_refuse_what_is_none() {
        for (text, count) in
            [("300M", 300_000_000), ("4.8m", 4_800_000), ("1.2G", 1_200_000_000), ("7", 7), ("2k", 2000)]
        {
            assert_eq!(text.parse::<Count>().unwrap().0, count, "{text}");
        }
        for text in ["", "0", "M", "-3M", "nanM", "infG", "1e99k", "3T", "300 M", "é"] {
            assert!(text.parse::<Count>().is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_height_then_width() {
        assert_eq!("288".parse::<Size>().unwrap().0, [288, 288]);
        assert_eq!("200x320".parse::<Size>().unwrap().0, [200, 320]);
        for text in ["", "0", "x", "12x", "1x2x3", "-1"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
