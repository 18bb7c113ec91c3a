//! `rexnet config [RECIPE]`: recipes, and their keys explained.

use std::io::{self, Write};

use clap::Args;
use rexnet::{RECIPES, Result, purpose, recipe};
use rexnet_train::Recipe;
use serde::Serialize;

use crate::out::{Answer, Out};
use crate::table::Table;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rexnet config\n  rexnet config finetune --set epochs=10 > mine.toml")]
pub(crate) struct Request {
    /// A recipe of the program or a TOML file, to be shown in full [default: list the program's]
    #[arg(value_name = "NAME|FILE.toml")]
    recipe: Option<String>,
    /// Change a key
    #[arg(long, value_name = "KEY=VALUE", requires = "recipe")]
    set: Vec<String>,
}

pub(crate) fn run(request: &Request, out: &mut Out) -> Result<()> {
    match &request.recipe {
        None => out.emit(&Listed(RECIPES.iter().map(|(name, text)| Known { name, purpose: purpose(text) }).collect())),
        Some(name) => {
            let text = recipe(name)?;
            let recipe = Recipe::parse(&text, &request.set)?;
            out.emit(&Shown { recipe, purpose: purpose(&text) })
        }
    }
}

#[derive(Serialize)]
struct Known {
    name: &'static str,
    purpose: String,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Listed(Vec<Known>);

impl Answer for Listed {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(&["recipe", "for"]);
        for Known { name, purpose } in &self.0 {
            table.row(vec![(*name).to_owned(), purpose.clone()]);
        }
        table.write(to)?;
        writeln!(to, "\n`rexnet config NAME` shows a recipe with every key explained")
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown {
    recipe: Recipe,
    #[serde(skip)]
    purpose: String,
}

impl Answer for Shown {
    fn text(&self, to: &mut dyn Write) -> io::Result<()> {
        if !self.purpose.is_empty() {
            writeln!(to, "# {}\n", self.purpose)?;
        }
        write!(to, "{}", self.recipe.explained())
    }
}
