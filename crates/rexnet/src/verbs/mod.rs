//! One file a verb: read the request, call a room, emit one answer.

pub(crate) mod info;

use rexnet::Result;

use crate::cli::{Common, Verb};
use crate::out::Out;

pub(crate) fn run(verb: Verb, common: &Common, out: &mut Out) -> Result<()> {
    let _ = common;
    match verb {
        Verb::Info(request) => info::run(&request, out),
    }
}
