//! Memory that is left, and whether a network's pictures fit in it.

use rexnet_spec::Graph;
use serde::Serialize;
use sysinfo::{MemoryRefreshKind, System};

use crate::{Error, Result};

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Memory {
    /// Of the machine, or of the control group where that has less.
    pub total: u64,
    /// What this process may still take of it.
    pub available: u64,
}

impl Memory {
    /// As it is now.
    pub fn now() -> Self {
        let mut system = System::new();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let (total, available) = (system.total_memory(), system.available_memory());
        match system.cgroup_limits() {
            // Files that the group has read count as its use, but give way.
            Some(group) => Self {
                total: total.min(group.total_memory),
                available: available.min(group.total_memory.saturating_sub(group.rss)),
            },
            None => Self { total, available },
        }
    }

    /// Refuses pictures of a size that memory cannot hold, before anything is asked of the system: the pictures
    /// themselves, and one's widest map as it is read and as it is written.
    /// # Errors
    /// `Failed`, with what they take and what there is.
    pub fn check(self, graph: &Graph, pictures: u64) -> Result<()> {
        let widest = graph.nodes.iter().map(|node| node.out.elements()).max().unwrap_or(0);
        let need = pictures.saturating_mul(graph.input.elements()).saturating_add(2 * widest).saturating_mul(4);
        if need <= self.available {
            return Ok(());
        }
        let what = format!(
            "pictures of {}x{} take {} MiB in this network, {} MiB of memory are available",
            graph.input.h,
            graph.input.w,
            need >> 20,
            self.available >> 20
        );
        Err(Error::failed(what, "a smaller `--size`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rexnet_spec::NetSpec;

    #[test]
    fn a_size_is_refused_where_its_widest_map_does_not_fit_twice() {
        // At 224 the widest map of x1.0 has 96 channels of 112 by 112: 4.6 MiB.
        let graph = NetSpec::named("rexnet_100").expect("in the zoo").graph([224, 224]).expect("a size it takes");
        let with = |mebibytes: u64| Memory { total: 1 << 40, available: mebibytes << 20 }.check(&graph, 1);
        assert!(with(10).is_ok());
        let refused = with(9).expect_err("too little").to_string();
        assert!(refused.contains("224x224") && refused.contains("9 MiB"), "{refused}");
    }
}
