//! Who works on a picture, and the room that each of them has.

use rexnet_kernels::{Buffer, Planes, Share, Strips, Team};

use crate::gauge::Gauge;
use crate::plan::Layer;
use crate::profile::Watch;

/// Room of one thread, kept from picture to picture.
pub(crate) struct Room {
    /// Rows between depthwise convolution and projection.
    pub(crate) band: Buffer,
    /// What the projection reads of them, where that is another map.
    pub(crate) operand: Buffer,
    pub(crate) bench: Bench,
}

/// Where the map under a depthwise convolution is made, some planes at a time.
pub(crate) struct Bench {
    /// The planes, with zeros around them.
    pub(crate) frame: Buffer,
    /// Rows of the picture as the stem reads them.
    pub(crate) strips: Strips,
    pub(crate) watch: Watch,
    /// Where a calibration counts what products read.
    pub(crate) gauge: Option<Gauge>,
}

impl Bench {
    /// Counts what a layer reads, where anyone wants to know.
    pub(crate) fn see(&mut self, layer: &Layer, x: Planes) {
        if let Some(gauge) = &mut self.gauge {
            gauge.count(layer.step, x, layer.weights.c_in());
        }
    }
}

/// One thread with a picture of its own, or all on one picture.
pub(crate) enum Crew<'a> {
    Alone(&'a mut Room),
    Team(&'a mut Team, &'a mut [Room]),
}

impl Crew<'_> {
    /// Does `work` once on every part, told its number.
    pub(crate) fn each<S: Share>(&mut self, share: S, work: impl Fn(&mut Room, usize, S::Part) + Sync) {
        match self {
            Self::Alone(room) => share.parts().enumerate().for_each(|(number, part)| work(room, number, part)),
            Self::Team(team, rooms) => team.each(rooms, share, work),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        match self {
            Self::Alone(_) => 1,
            Self::Team(team, _) => team.threads(),
        }
    }

    /// The bench of the thread that leads.
    pub(crate) fn bench(&mut self) -> &mut Bench {
        match self {
            Self::Alone(room) => &mut room.bench,
            Self::Team(_, rooms) => &mut rooms[0].bench,
        }
    }
}
