//! What a network may cost.

use crate::Cost;

/// Something that a limit can bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Multiply-adds on one picture of the family's size.
    Macs,
    /// Learned numbers.
    Params,
}

impl Quantity {
    /// Its amount in a cost.
    pub fn of(self, cost: Cost) -> u64 {
        match self {
            Self::Macs => cost.macs,
            Self::Params => cost.params,
        }
    }

    /// Its name as a key: `macs`, `params`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Macs => "macs",
            Self::Params => "params",
        }
    }

    /// Which way to turn the widths' slope to use more of the other quantities at the same amount of this one:
    /// late blocks hold most params, early ones most MACs.
    pub(crate) fn tilt(self) -> f64 {
        match self {
            Self::Macs => 1.0,
            Self::Params => -1.0,
        }
    }
}

/// An upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of what.
    pub quantity: Quantity,
    /// The largest amount allowed.
    pub at_most: u64,
}

impl Limit {
    /// What a network leaves unused; none where it is over.
    pub fn slack(self, cost: Cost) -> Option<u64> {
        self.at_most.checked_sub(self.quantity.of(cost))
    }

    /// The share that a network uses.
    pub fn used(self, cost: Cost) -> f64 {
        self.quantity.of(cost) as f64 / self.at_most as f64
    }
}

/// Bounds that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// At most so many multiply-adds.
    pub fn macs(at_most: u64) -> Self {
        Self::default().and(Quantity::Macs, at_most)
    }

    /// At most so many parameters.
    pub fn params(at_most: u64) -> Self {
        Self::default().and(Quantity::Params, at_most)
    }

    /// And at most so much of another quantity.
    #[must_use]
    pub fn and(mut self, quantity: Quantity, at_most: u64) -> Self {
        self.0.push(Limit { quantity, at_most });
        self
    }

    /// The bounds in the order given.
    pub fn iter(&self) -> impl Iterator<Item = Limit> {
        self.0.iter().copied()
    }

    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every bound holds.
    pub fn hold(&self, cost: Cost) -> bool {
        self.iter().all(|limit| limit.slack(cost).is_some())
    }
}
