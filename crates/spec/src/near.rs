//! The nearest name for a typo.

/// The candidate closest to what was typed, if any is close enough to be meant.
///
/// ```
/// assert_eq!(rexnet_spec::nearest("rexnet_10", ["rexnet_100", "rexnet_200"]), Some("rexnet_100"));
/// assert_eq!(rexnet_spec::nearest("resnet50", ["stem", "head"]), None);
/// ```
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, name)| distance <= 1 + name.len().max(typed.len()) / 4)
        .map(|(_, name)| name)
}
