//! `rexnet design`: the largest network within limits.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use rexnet::{Error, Result};
use rexnet_spec::{Act, Costed, Design, Family, Limits, Quantity, Rule, Shortcut, SpecError, design};
use rexnet_weights::write_atomic;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{Count, Size};
use crate::out::{Answer, Out};
use crate::table::{Table, grouped};
use crate::verbs::info::Info;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rexnet design --macs 300M --params 4M\n  rexnet design --macs 2M --size 32 --depth 6 --classes 10 --out small.toml"
)]
pub(crate) struct Request {
    /// Most multiply-adds on one picture: 300M, 1.2G
    #[arg(long, value_name = "COUNT")]
    macs: Option<Count>,
    /// Most parameters: 4M, 500k
    #[arg(long, value_name = "COUNT")]
    params: Option<Count>,
    /// Number of blocks
    #[arg(long, value_name = "BLOCKS", default_value_t = 16)]
    depth: u32,
    /// How widths grow along the blocks
    #[arg(long, value_enum, default_value_t = RuleName::Linear)]
    rule: RuleName,
    /// Block numbers where flat and rising stretches of the piecewise rule meet [default: a quarter of the depth]
    #[arg(long, value_name = "B,B,…", value_delimiter = ',')]
    breaks: Vec<f64>,
    /// What is scaled
    #[arg(long, value_enum, default_value_t = FamilyName::Rexnet)]
    family: FamilyName,
    /// Every width of rexnetr is a multiple of this
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    divisor: u32,
    /// Outputs of the classifier [default: the family's]
    #[arg(long, value_name = "N")]
    classes: Option<u32>,
    /// Picture size: a side, or HEIGHTxWIDTH [default: the family's]; small pictures get fewer strides
    #[arg(long)]
    size: Option<Size>,
    /// Activation after the expanding convolutions [default: the family's]
    #[arg(long, value_parser = parse_act)]
    act: Option<Act>,
    /// Activation after the depthwise convolutions [default: the family's]
    #[arg(long, value_parser = parse_act)]
    act_dw: Option<Act>,
    /// Where a block's input is added to its output
    #[arg(long, value_enum)]
    shortcut: Option<ShortcutName>,
    /// Leave out squeeze-excitation
    #[arg(long)]
    no_se: bool,
    /// Leave out the last 1x1 convolution (to 1280 at width 1)
    #[arg(long)]
    no_last_conv: bool,
    /// Where to write the network [default: net.toml, or nowhere with --json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RuleName {
    Linear,
    Stagewise,
    Piecewise,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum FamilyName {
    Rexnet,
    Rexnetr,
    RexnetLite,
    Cifar,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ShortcutName {
    None,
    Equal,
    Partial,
}

fn parse_act(text: &str) -> Result<Act, String> {
    Act::PAPER.into_iter().find(|act| act.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Act::PAPER.iter().map(|act| act.name()).collect();
        format!("one of {}", names.join(", "))
    })
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    let (family, limits) = (request.family(), request.limits()?);
    let start = Instant::now();
    let found = design(&family, &limits);
    let solve_ms = start.elapsed().as_secs_f64() * 1e3;
    let found = match found {
        Err(error @ SpecError::OverBudget { .. }) if out.json() => {
            out.emit(&Impossible::of(&error))?;
            return Err(error.into());
        }
        other => other?,
    };
    let default = (!out.json()).then(|| PathBuf::from("net.toml"));
    let path = request.out.clone().or(default);
    out.emit(&Answered::of(&found, &limits, solve_ms)?)?;
    if let Some(path) = path {
        let text = found.best.net.to_toml();
        write_atomic(&path, |file| file.write_all(text.as_bytes())).map_err(Error::file(&path))?;
        out.note(format_args!("wrote {}; next: rexnet train DATA --net {}", path.display(), path.display()));
    }
    Ok(())
}

impl Request {
    fn family(&self) -> Family {
        let mut family = match self.family {
            FamilyName::Rexnet => Family::rexnet(),
            FamilyName::Rexnetr => Family::rexnetr(self.divisor),
            FamilyName::RexnetLite => Family::rexnet_lite(),
            FamilyName::Cifar => Family::cifar(),
        }
        .with_depth(self.depth);
        family.rule = match self.rule {
            RuleName::Linear => Rule::Linear,
            RuleName::Stagewise => Rule::Stagewise,
            RuleName::Piecewise if self.breaks.is_empty() => {
                Rule::Piecewise { breaks: vec![(f64::from(self.depth) / 4.0).max(1.0)] }
            }
            RuleName::Piecewise => Rule::Piecewise { breaks: self.breaks.clone() },
        };
        family.classes = self.classes.unwrap_or(family.classes);
        family.act = self.act.unwrap_or(family.act);
        family.act_dw = self.act_dw.unwrap_or(family.act_dw);
        family.se &= !self.no_se;
        family.pen = family.pen.filter(|_| !self.no_last_conv);
        family.shortcut = match self.shortcut {
            None => family.shortcut,
            Some(ShortcutName::None) => Shortcut::None,
            Some(ShortcutName::Equal) => Shortcut::Equal,
            Some(ShortcutName::Partial) => Shortcut::Partial,
        };
        match self.size {
            Some(Size(size)) => family.for_size(size, false),
            None => family,
        }
    }

    fn limits(&self) -> Result<Limits> {
        let given = [(Quantity::Macs, self.macs), (Quantity::Params, self.params)];
        let limits = given.into_iter().fold(Limits::default(), |limits, (quantity, most)| match most {
            Some(Count(most)) => limits.and(quantity, most),
            None => limits,
        });
        if limits.is_empty() {
            return Err(Error::usage("no limit given", "for instance `rexnet design --macs 300M`"));
        }
        Ok(limits)
    }
}

/// An amount by the name of each limited quantity.
type Amounts = Map<String, Value>;

#[derive(Serialize)]
struct Answered {
    #[serde(flatten)]
    info: Info,
    limits: Amounts,
    binding: &'static str,
    slack: Amounts,
    solve_ms: f64,
    smaller: Option<Neighbour>,
    larger: Neighbour,
    net: String,
}

/// The network one step of the scale away.
#[derive(Serialize)]
struct Neighbour {
    channels: Vec<u32>,
    params: u64,
    macs: u64,
}

#[derive(Serialize)]
struct Impossible {
    error: String,
    min_macs: u64,
    min_params: u64,
}

impl Answered {
    fn of(found: &Design, limits: &Limits, solve_ms: f64) -> Result<Self> {
        let best = &found.best;
        let amounts = |amount: &dyn Fn(rexnet_spec::Limit) -> u64| -> Amounts {
            limits.iter().map(|limit| (limit.quantity.name().to_owned(), amount(limit).into())).collect()
        };
        Ok(Self {
            info: Info::of(&best.net, best.net.input.size, true)?,
            limits: amounts(&|limit| limit.at_most),
            binding: found.binding.quantity.name(),
            slack: amounts(&|limit| limit.slack(best.cost).unwrap_or(0)),
            solve_ms,
            smaller: found.smaller.as_ref().map(Neighbour::of),
            larger: Neighbour::of(&found.larger),
            net: best.net.to_toml(),
        })
    }
}

impl Neighbour {
    fn of(costed: &Costed) -> Self {
        Self {
            channels: costed.net.blocks.iter().map(|block| block.out).collect(),
            params: costed.cost.params,
            macs: costed.cost.macs,
        }
    }
}

impl Impossible {
    fn of(error: &SpecError) -> Self {
        let (min_macs, min_params) = match *error {
            SpecError::OverBudget { min_macs, min_params, .. } => (min_macs, min_params),
            _ => (0, 0),
        };
        Self { error: error.to_string(), min_macs, min_params }
    }
}

impl Answer for Answered {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        self.info.heading(to)?;
        let mut table = Table::new(&["", "MACs", "params"]);
        let by_limit = |amounts: &Amounts| {
            ["macs", "params"].map(|name| amounts.get(name).and_then(Value::as_u64).map_or("-".into(), grouped))
        };
        let mut row = |name: &str, [macs, params]: [String; 2]| table.row(vec![name.into(), macs, params]);
        row("limit", by_limit(&self.limits));
        row("this network", [self.info.macs, self.info.params].map(grouped));
        row("unused", by_limit(&self.slack));
        if let Some(smaller) = &self.smaller {
            row("one step down", [smaller.macs, smaller.params].map(grouped));
        }
        row("one step up", [self.larger.macs, self.larger.params].map(grouped));
        table.write(to)?;
        writeln!(to, "{} binds; solved in {:.1} ms", self.binding, self.solve_ms)
    }
}

impl Answer for Impossible {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "{}", self.error)
    }
}
