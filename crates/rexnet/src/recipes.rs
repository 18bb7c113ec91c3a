//! The recipes that the program carries, and how one is named.

use std::path::Path;

use rexnet_spec::nearest;

use crate::{Error, Result};

macro_rules! recipes {
    ($($name:literal),*) => {
        /// Name and text of every recipe in `configs/`.
        pub const RECIPES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../configs/", $name, ".toml")))),*];
    };
}

recipes!("imagenet", "imagenet-quick", "cifar", "cifar-quick", "finetune", "finetune-quick", "quickstart");

/// The text of a recipe: of those that the program carries by name, or of a file.
/// # Errors
/// A file that cannot be read; a name that nothing has.
pub fn recipe(name: &str) -> Result<String> {
    if let Some((_, text)) = RECIPES.iter().find(|(known, _)| *known == name) {
        return Ok((*text).to_owned());
    }
    let path = Path::new(name);
    if path.exists() || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
        return std::fs::read_to_string(path).map_err(Error::file(path));
    }
    let near = nearest(name, RECIPES.iter().map(|(known, _)| *known));
    let help = near
        .map_or("`rexnet config` lists them; a file ends in .toml".into(), |near| format!("did you mean `{near}`?"));
    Err(Error::usage(format!("no recipe `{name}`"), help))
}

/// What a recipe is for: the comment that it begins with, on one line.
pub fn purpose(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_configs_is_carried_and_says_what_it_is_for() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let files = std::fs::read_dir(folder).expect("the recipes").map(|entry| entry.expect("an entry").path());
        let mut files: Vec<String> =
            files.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
        files.sort();
        let mut carried: Vec<&str> = RECIPES.iter().map(|(name, _)| *name).collect();
        carried.sort_unstable();
        assert_eq!(files, carried);
        assert!(RECIPES.iter().all(|(_, text)| !purpose(text).is_empty()));
    }
}
