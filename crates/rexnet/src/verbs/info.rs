//! `rexnet info NET…`: the layers and the cost of networks.

use std::io::{self, Write};

use clap::Args;
use rexnet::Result;
use rexnet_spec::{Break, Cost, LayerCost, NetSpec, Shape};
use serde::Serialize;

use crate::args::{NetArg, Size};
use crate::out::{Answer, Out};
use crate::table::{Table, grouped};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet info rexnet_100 --per-block\n  rexnet info rexnet:1.4 efficientnet_b0 --json"
)]
pub(crate) struct Request {
    /// Zoo names, `rexnet:1.4` for any width, net.toml, model files or run folders; several make a comparison
    #[arg(required = true, value_name = "NET")]
    nets: Vec<NetArg>,
    /// Picture size: a side, or HEIGHTxWIDTH [default: the network's own]
    #[arg(long)]
    size: Option<Size>,
    /// One line a block instead of one a layer
    #[arg(long)]
    per_block: bool,
    /// Print the network itself as a net.toml, to edit and give back
    #[arg(long, conflicts_with_all = ["size", "per_block", "json"])]
    toml: bool,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    if request.toml {
        return request.nets.iter().try_for_each(|net| out.emit(&Toml { net: net.load()?.to_toml() }));
    }
    let infos = request
        .nets
        .iter()
        .map(|net| {
            let net = net.load()?;
            let size = request.size.map_or(net.input.size, |size| size.0);
            Info::of(&net, size, request.per_block)
        })
        .collect::<Result<Vec<_>>>()?;
    match <[Info; 1]>::try_from(infos) {
        Ok([info]) => {
            out.emit(&info)?;
            out.note(format_args!("`rexnet bench {}` measures the time", request.nets[0]));
            Ok(())
        }
        Err(infos) => out.emit(&Comparison(infos)),
    }
}

/// A network as its own description.
#[derive(Serialize)]
struct Toml {
    net: String,
}

impl Answer for Toml {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        write!(to, "{}", self.net)
    }
}

/// A network and its cost.
#[derive(Debug, Serialize)]
pub(crate) struct Info {
    pub(crate) name: String,
    input: [u32; 3],
    pub(crate) params: u64,
    pub(crate) macs: u64,
    activations: u64,
    channels: Vec<u32>,
    breaks: Vec<Broken>,
    layers: Vec<Layer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<Vec<BlockRow>>,
}

/// A break of the paper's design rules.
#[derive(Debug, Serialize)]
struct Broken {
    block: usize,
    rule: &'static str,
    what: String,
}

#[derive(Debug, Serialize)]
struct Layer {
    name: String,
    op: String,
    out: [u32; 3],
    params: u64,
    macs: u64,
    activations: u64,
    receptive_field: u32,
    /// d_in/d_out of a dense layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip)]
    is_epilogue: bool,
}

/// A block, or the layers before or after all blocks.
#[derive(Debug, Serialize)]
struct BlockRow {
    block: String,
    out: [u32; 3],
    params: u64,
    macs: u64,
    activations: u64,
    receptive_field: u32,
    ratio: f64,
}

impl Info {
    /// The view of a network at a picture size.
    pub(crate) fn of(net: &NetSpec, size: [u32; 2], per_block: bool) -> Result<Self> {
        let graph = net.graph(size)?;
        let layers = graph.layers();
        let Cost { params, macs, activations } = graph.cost();
        Ok(Self {
            name: net.name.clone(),
            input: sides(graph.input),
            params,
            macs,
            activations,
            channels: net.blocks.iter().map(|block| block.out).collect(),
            breaks: net.breaks().iter().map(Broken::from).collect(),
            blocks: per_block.then(|| block_rows(&layers)),
            layers: layers.iter().map(Layer::from).collect(),
        })
    }

    /// Name, picture and widths, as the first lines of a text.
    pub(crate) fn heading(&self, to: &mut dyn Write) -> io::Result<()> {
        let widths: Vec<String> = self.channels.iter().map(u32::to_string).collect();
        writeln!(to, "{}  input {}  channels {}", self.name, by(self.input), widths.join("-"))
    }

    fn layer_table(&self) -> Table {
        let mut table = Table::new(&["layer", "op", "out", "params", "MACs", "activations", "field", "d_in/d_out"]);
        let mut layers = self.layers.iter().peekable();
        while let Some(layer) = layers.next() {
            let (mut op, mut params) = (layer.op.clone(), layer.params);
            // Batch norm and activation stand on the line of the layer that they follow.
            while let Some(next) = layers.next_if(|next| next.is_epilogue) {
                op = format!("{op}, {}", next.op);
                params += next.params;
            }
            table.row(vec![
                layer.name.clone(),
                op,
                by(layer.out),
                grouped(params),
                grouped(layer.macs),
                grouped(layer.activations),
                layer.receptive_field.to_string(),
                layer.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")),
            ]);
        }
        table
    }
}

impl From<&LayerCost> for Layer {
    fn from(layer: &LayerCost) -> Self {
        Self {
            name: layer.name.clone(),
            op: layer.op.clone(),
            out: sides(layer.out),
            params: layer.cost.params,
            macs: layer.cost.macs,
            activations: layer.cost.activations,
            receptive_field: layer.receptive_field,
            ratio: layer.ratio,
            is_epilogue: layer.is_epilogue,
        }
    }
}

impl From<&Break> for Broken {
    fn from(found: &Break) -> Self {
        Self { block: found.block, rule: found.rule.name(), what: found.to_string() }
    }
}

/// Sums the layers of each block; stem and head are rows too.
fn block_rows(layers: &[LayerCost]) -> Vec<BlockRow> {
    layers
        .chunk_by(|a, b| a.block == b.block)
        .enumerate()
        .map(|(index, group)| {
            let mut cost = Cost::default();
            for layer in group {
                cost += layer.cost;
            }
            let (first, last) = (&group[0], &group[group.len() - 1]);
            BlockRow {
                block: first.block.map_or_else(|| if index == 0 { "stem" } else { "head" }.into(), |i| i.to_string()),
                out: sides(last.out),
                params: cost.params,
                macs: cost.macs,
                activations: cost.activations,
                receptive_field: last.receptive_field,
                ratio: f64::from(first.c_in) / f64::from(last.out.c),
            }
        })
        .collect()
}

fn block_table(rows: &[BlockRow]) -> Table {
    let mut table = Table::new(&["block", "out", "params", "MACs", "activations", "field", "d_in/d_out"]);
    for row in rows {
        table.row(vec![
            row.block.clone(),
            by(row.out),
            grouped(row.params),
            grouped(row.macs),
            grouped(row.activations),
            row.receptive_field.to_string(),
            format!("{:.2}", row.ratio),
        ]);
    }
    table
}

impl Answer for Info {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        self.heading(to)?;
        match &self.blocks {
            Some(rows) => block_table(rows).write(to)?,
            None => self.layer_table().write(to)?,
        }
        let [params, macs, activations] = [self.params, self.macs, self.activations].map(grouped);
        writeln!(to, "total  {params} params  {macs} MACs  {activations} activations")?;
        let mut breaks: Vec<&Broken> = self.breaks.iter().collect();
        breaks.sort_by_key(|broken| (broken.rule, broken.block));
        for same in breaks.chunk_by(|a, b| a.what == b.what && a.block + 1 == b.block) {
            let (first, last) = (same[0], same[same.len() - 1]);
            let blocks = if same.len() == 1 {
                format!("block {}", first.block)
            } else {
                format!("blocks {}-{}", first.block, last.block)
            };
            writeln!(to, "design rule: {blocks}: {}", first.what)?;
        }
        Ok(())
    }
}

/// Several networks side by side.
#[derive(Serialize)]
#[serde(transparent)]
struct Comparison(Vec<Info>);

impl Answer for Comparison {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut table =
            Table::new(&["net", "input", "params", "MACs", "activations", "blocks", "last width", "rules broken"]);
        for info in &self.0 {
            table.row(vec![
                info.name.clone(),
                by(info.input),
                grouped(info.params),
                grouped(info.macs),
                grouped(info.activations),
                info.channels.len().to_string(),
                info.channels.last().map_or(String::new(), u32::to_string),
                info.breaks.len().to_string(),
            ]);
        }
        table.write(to)
    }
}

fn sides(shape: Shape) -> [u32; 3] {
    [shape.c, shape.h, shape.w]
}

fn by([c, h, w]: [u32; 3]) -> String {
    format!("{c}x{h}x{w}")
}
