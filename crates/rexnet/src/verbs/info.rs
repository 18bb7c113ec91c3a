//! `rexnet info NET…`: the layers and the cost of networks.

use std::io::{self, Write};

use clap::Args;
use rexnet::Result;
use serde::Serialize;

use crate::args::NetArg;
use crate::out::{Answer, Out};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet info rexnet_100\n  rexnet info rexnet:1.4 efficientnet_b0 --json")]
pub(crate) struct Request {
    /// Zoo names, `rexnet:1.4` for any width, net.toml or model files
    #[arg(required = true, value_name = "NET")]
    nets: Vec<NetArg>,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    for net in &request.nets {
        out.emit(&Summary { name: net.load()?.name })?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Summary {
    name: String,
}

impl Answer for Summary {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}", self.name)
    }
}
