//! The solver, over many budgets, depths and rules.

use proptest::prelude::*;
use rexnet_spec::{Cost, Design, Family, Growth, Limits, NetSpec, Quantity, Rule, SpecError, Width, design};

const M: u64 = 1_000_000;

fn channels(net: &NetSpec) -> Vec<u32> {
    net.blocks.iter().map(|block| block.out).collect()
}

/// What must hold of every design.
fn sound(found: &Design, limits: &Limits) {
    let cost = found.best.net.cost(found.best.net.input.size).expect("a design is a network");
    assert_eq!(cost, found.best.cost);
    assert!(limits.hold(cost), "over: {cost:?} for {limits:?}");
    assert!(!limits.hold(found.larger.cost), "a step up still fits {limits:?}");
    assert!(channels(&found.best.net).is_sorted(), "not monotone: {:?}", channels(&found.best.net));
    if let Some(smaller) = &found.smaller {
        assert!(smaller.cost.macs <= cost.macs && smaller.cost.params <= cost.params);
        assert_ne!(channels_and_ends(&smaller.net), channels_and_ends(&found.best.net));
    }
}

fn channels_and_ends(net: &NetSpec) -> (u32, Vec<u32>, Option<u32>) {
    (net.stem.out, channels(net), net.head.channels)
}

fn used(found: &Design, limits: &Limits) -> f64 {
    limits.iter().map(|limit| limit.used(found.best.cost)).fold(0.0, f64::max)
}

#[test]
fn the_cost_of_a_published_network_designs_that_network() {
    for name in ["rexnet:0.5", "rexnet_090", "rexnet_100", "rexnet_110", "rexnet_150", "rexnet_300"] {
        let net = NetSpec::named(name).unwrap();
        let cost = net.cost([224, 224]).unwrap();
        for limits in [Limits::macs(cost.macs), Limits::params(cost.params)] {
            let found = design(&Family::rexnet(), &limits).unwrap();
            assert_eq!(channels_and_ends(&found.best.net), channels_and_ends(&net), "{name} by {limits:?}");
        }
    }
}

#[test]
fn one_less_than_a_networks_cost_is_the_step_below_it() {
    let net = NetSpec::named("rexnet_100").unwrap();
    let macs = net.cost([224, 224]).unwrap().macs;
    let found = design(&Family::rexnet(), &Limits::macs(macs - 1)).unwrap();
    assert_eq!(channels_and_ends(&found.larger.net), channels_and_ends(&net));
    let at = design(&Family::rexnet(), &Limits::macs(macs)).unwrap();
    assert_eq!(at.smaller.unwrap().net, found.best.net);
}

#[test]
fn an_impossible_budget_says_the_least_network() {
    let Err(SpecError::OverBudget { depth: 16, min_macs, min_params }) = design(&Family::rexnet(), &Limits::macs(1000))
    else {
        panic!("1000 MACs were met");
    };
    // What it calls the least can be had, and nothing less.
    let least = Limits::macs(min_macs).and(Quantity::Params, min_params);
    assert_eq!(design(&Family::rexnet(), &least).unwrap().best.cost.macs, min_macs);
    for less in [Limits::macs(min_macs - 1), Limits::params(min_params - 1)] {
        assert!(matches!(design(&Family::rexnet(), &less), Err(SpecError::OverBudget { .. })));
    }
}

#[test]
fn no_limit_and_limits_beyond_every_network_are_errors() {
    for family in [Family::rexnet(), Family::rexnetr(8), Family::rexnet_lite()] {
        for limits in [Limits::default(), Limits::macs(u64::MAX)] {
            assert!(matches!(design(&family, &limits), Err(SpecError::Impossible { .. })), "{}", family.name);
        }
    }
    let falling = Family { rule: Rule::Piecewise { breaks: vec![3.0, 1.0] }, ..Family::rexnet() };
    assert!(matches!(design(&falling, &Limits::macs(M)), Err(SpecError::Impossible { .. })));
    let empty = Family::rexnet().with_depth(0);
    assert!(matches!(design(&empty, &Limits::macs(M)), Err(SpecError::Impossible { .. })));
}

#[test]
fn a_family_that_cannot_grow_ends_the_search() {
    let still = Width::new(16.0, Growth::Fixed);
    let family = Family { stem: still, first: still, pen: None, gain: 0.0, ..Family::rexnet() };
    let found = design(&family, &Limits::macs(1000 * M)).unwrap();
    assert!(channels(&found.best.net).iter().all(|&width| width <= 18));
}

#[test]
fn a_second_limit_turns_the_slope_until_both_are_used() {
    let alone = design(&Family::rexnet(), &Limits::macs(400 * M)).unwrap();
    let params = alone.best.cost.params;
    // Less params at the same MACs: flatter. More: steeper.
    for (params, steeper) in [(params * 9 / 10, false), (params * 11 / 10, true)] {
        let limits = Limits::macs(400 * M).and(Quantity::Params, params);
        let found = design(&Family::rexnet(), &limits).unwrap();
        sound(&found, &limits);
        assert!(limits.iter().all(|limit| limit.used(found.best.cost) >= 0.99), "{:?}", found.best.cost);
        let span = |net: &NetSpec| f64::from(net.blocks[15].out) / f64::from(net.blocks[0].out);
        assert_eq!(span(&found.best.net) > span(&alone.best.net), steeper);
    }
}

#[test]
fn small_networks_for_small_pictures_can_be_designed() {
    for (size, depth, macs) in [(32, 4, 1_000_000), (32, 6, 800_000), (64, 6, 1_000_000), (28, 3, 500_000)] {
        let family = Family { classes: 6, ..Family::rexnet() }.with_depth(depth).for_size([size, size], false);
        let limits = Limits::macs(macs);
        let found = design(&family, &limits).unwrap();
        sound(&found, &limits);
        assert!(used(&found, &limits) > 0.9, "{size} px, {depth} blocks: {:?}", found.best.cost);
        let graph = found.best.net.graph([size, size]).unwrap();
        let last = graph.nodes.iter().rfind(|node| node.block.is_some()).unwrap().out;
        assert!(last.h >= 4, "{size} px end in {last:?}");
    }
}

#[test]
fn families_rules_and_depths_are_solved_alike() {
    let rules = [Rule::Linear, Rule::Stagewise, Rule::Piecewise { breaks: vec![3.5] }];
    for rule in rules {
        for depth in [6, 10, 16, 33] {
            // Widths of 8 in lite make coarse steps.
            for (family, share) in [(Family::rexnet(), 0.99), (Family::rexnet_lite(), 0.85)] {
                let family = Family { rule: rule.clone(), ..family }.with_depth(depth);
                let limits = Limits::macs(300 * M);
                let found = design(&family, &limits).unwrap();
                sound(&found, &limits);
                assert_eq!(found.best.net.blocks.len(), depth as usize);
                assert!(used(&found, &limits) > share, "{} {rule:?} {depth}: {:?}", family.name, found.best.cost);
            }
        }
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let macs = (50e6_f64.ln()..6e9_f64.ln()).prop_map(|log| log.exp() as u64);
    let params = (0.8e6_f64.ln()..60e6_f64.ln()).prop_map(|log| log.exp() as u64);
    (macs, params, 0..3).prop_map(|(macs, params, kind)| match kind {
        0 => Limits::macs(macs),
        1 => Limits::params(params),
        _ => Limits::macs(macs).and(Quantity::Params, params),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn sixteen_blocks_use_all_but_half_a_percent_of_the_binding_limit(limits in limits()) {
        let found = design(&Family::rexnet(), &limits).unwrap();
        sound(&found, &limits);
        let share = used(&found, &limits);
        prop_assert!(share >= 0.995 || found.best.cost.macs < 49_750_000, "{share} of {limits:?}");
        prop_assert!(found.binding.used(found.larger.cost) > 1.0);
    }

    #[test]
    fn a_percent_more_budget_is_a_larger_network(macs in 50_000_000_u64..3_000_000_000, more in 1.01..1.5_f64) {
        let cost = |macs: u64| -> Cost { design(&Family::rexnet(), &Limits::macs(macs)).unwrap().best.cost };
        prop_assert!(cost(macs).macs < cost((macs as f64 * more) as u64).macs);
    }
}
