//! Which network a file of weights is, by the names and shapes of its tensors.

use rexnet_spec::{NetSpec, ZOO};

use crate::resolve::same_shape;
use crate::{Dialect, Store};

/// The network of the zoo, or the `rexnet:WIDTH`, whose tensors the file holds. The number of classes is the file's.
pub fn identify(store: &Store) -> Option<NetSpec> {
    let dialect = Dialect::of(store)?;
    let mut known = ZOO.iter().filter_map(|entry| entry.net().ok()).chain(widths(store, dialect));
    known.find_map(|spec| with_classes_of(store, dialect, spec))
}

/// Every `rexnet:WIDTH`, by hundredths, that could have this stem.
fn widths(store: &Store, dialect: Dialect) -> impl Iterator<Item = NetSpec> {
    /// Narrowest and widest width that is tried, in hundredths.
    const HUNDREDTHS: std::ops::RangeInclusive<u32> = 10..=600;
    let stem = store.shape(dialect.stem()).and_then(|shape| shape.first().copied()).unwrap_or_default();
    HUNDREDTHS
        .filter_map(|w| NetSpec::named(&format!("rexnet:{}", f64::from(w) / 100.0)).ok())
        .filter(move |spec| spec.stem.out as usize == stem)
}

/// The network with the file's classes, if every tensor is there in its shape.
fn with_classes_of(store: &Store, dialect: Dialect, mut spec: NetSpec) -> Option<NetSpec> {
    let (_, classifier) = dialect.names(&spec).into_iter().rev().find(|(_, name)| name.ends_with(".weight"))?;
    spec.classes = u32::try_from(*store.shape(&classifier)?.first()?).ok()?;
    let tensors = spec.graph(spec.input.size).ok()?.tensors();
    let names = dialect.names(&spec);
    let fits = tensors.iter().zip(&names).all(|(decl, (_, theirs))| {
        !decl.role.is_param() || store.shape(theirs).is_some_and(|shape| same_shape(shape, &decl.shape))
    });
    let parameters = store.names().filter(|name| !is_buffer(name)).count();
    (fits && parameters == tensors.iter().filter(|decl| decl.role.is_param()).count()).then_some(spec)
}

fn is_buffer(name: &str) -> bool {
    ["running_mean", "running_var", "num_batches_tracked"].iter().any(|leaf| name.ends_with(leaf))
}
