//! `net.toml`: a network as text that people read and edit. One line a block.

use serde::Serialize;

use crate::{NetSpec, SpecError, nearest};

impl NetSpec {
    /// The network as TOML, a line for each block; [`NetSpec::from_toml`] gives the same network back.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String| {
            text.push_str(key);
            text.push_str(" = ");
            text.push_str(&value);
            text.push('\n');
        };
        line("name", inline(&self.name));
        line("classes", inline(&self.classes));
        line("naming", inline(&self.naming));
        line("padding", inline(&self.padding));
        line("norm", inline(&self.norm));
        line("input", inline(&self.input));
        line("stem", inline(&self.stem));
        line("stages", inline(&self.stages));
        let mut rows = String::new();
        for block in &self.blocks {
            rows.extend(["    ", &inline(block), ",\n"]);
        }
        line("blocks", format!("[\n{rows}]"));
        line("head", inline(&self.head));
        text
    }

    /// Reads what [`NetSpec::to_toml`] writes, however it is laid out, and checks it.
    /// # Errors
    /// `Toml` with line and column, and the nearest known key for an unknown one; what [`NetSpec::check`] finds.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        let net: Self = toml::from_str(text).map_err(|error| located(text, &error))?;
        net.check()?;
        Ok(net)
    }
}

/// A value on one line.
fn inline(value: &impl Serialize) -> String {
    let mut text = String::new();
    let written = value.serialize(toml::ser::ValueSerializer::new(&mut text)).map(|_| ());
    written.expect("every field has a TOML form: no unit, no map with other keys than strings");
    text
}

fn located(text: &str, error: &toml::de::Error) -> SpecError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let mut lines = text.as_bytes()[..start].split(|&byte| byte == b'\n');
    let column = 1 + lines.next_back().map_or(0, <[u8]>::len);
    let line = 1 + lines.count();
    let message = error.message().to_owned();
    let nearest = suggestion(&message);
    SpecError::Toml { line, column, message, nearest }
}

/// The known name nearest to the unknown one: serde says "unknown field `x`, expected one of `a`, `b`".
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let typed = quoted.next()?;
    nearest(typed, quoted).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_gives_the_same_network_back() {
        for entry in crate::ZOO {
            let net = entry.net().unwrap();
            assert_eq!(NetSpec::from_toml(&net.to_toml()).unwrap(), net, "{}", entry.name);
        }
    }

    #[test]
    fn a_block_is_a_line() {
        let text = NetSpec::named("rexnet_100").unwrap().to_toml();
        assert!(text.lines().count() < 30, "{text}");
        let line = text.lines().find(|line| line.contains("out = 50")).unwrap();
        assert_eq!(
            line.trim(),
            "{ out = 50, hidden = 228, kernel = 3, stride = 2, act_expand = \"silu\", act_dw = \"relu6\", \
             act_out = \"linear\", se = { channels = 19, act = \"relu\", norm = true, after_act = false }, \
             shortcut = \"partial\" },"
        );
    }

    #[test]
    fn errors_name_the_line_and_the_nearest_key() {
        let text = NetSpec::named("rexnet_100").unwrap().to_toml().replace("out = 50, hidden", "out = 50, hiden");
        let wanted_line = 1 + text.lines().position(|line| line.contains("hiden")).unwrap();
        match NetSpec::from_toml(&text) {
            Err(SpecError::Toml { line, column, nearest, .. }) => {
                assert_eq!((line, nearest.as_deref()), (wanted_line, Some("hidden")));
                let at = text.lines().nth(line - 1).unwrap().find("hiden").unwrap();
                assert_eq!(column, at + 1);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_unknown_value_suggests_the_nearest() {
        let text = NetSpec::named("rexnet_100").unwrap().to_toml().replacen("\"silu\"", "\"silo\"", 1);
        let error = NetSpec::from_toml(&text).unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `silu`?"), "{error}");
    }

    #[test]
    fn what_parses_is_still_checked() {
        let text = NetSpec::named("rexnet_100").unwrap().to_toml().replace("kernel = 3", "kernel = 2");
        assert!(matches!(NetSpec::from_toml(&text), Err(SpecError::Impossible { .. })));
    }
}
