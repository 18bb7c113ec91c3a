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

/// Declared here for clap's derive; see [`NetArg`].
impl NetArg {
    /// Reads the network.
    pub(crate) fn load(&self) -> Result<NetSpec> {
        rexnet::load_net(&self.0)
    }
}
