//! What holds of every network that can be described.

use std::collections::HashSet;

use proptest::prelude::*;
use rexnet_spec::{
    Act, Block, Head, HeadHidden, Input, Interpolation, Naming, NetSpec, Norm, Op, Padding, ResizeMode, Se, Shortcut,
    Stem, TensorDecl,
};

fn act() -> impl Strategy<Value = Act> {
    prop::sample::select(Act::PAPER.to_vec())
}

fn se() -> impl Strategy<Value = Se> {
    (1..20_u32, act(), any::<bool>(), any::<bool>()).prop_map(|(channels, act, norm, after_act)| Se {
        channels,
        act,
        norm,
        after_act,
    })
}

fn block() -> impl Strategy<Value = Block> {
    let shortcut = prop::sample::select(vec![Shortcut::None, Shortcut::Equal, Shortcut::Partial]);
    let shape = (1..40_u32, prop::option::of(1..90_u32), prop::sample::select(vec![1, 3, 5, 7_u32]), 1..3_u32);
    (shape, act(), act(), act(), prop::option::of(se()), shortcut).prop_map(
        |((out, hidden, kernel, stride), act_expand, act_dw, act_out, se, shortcut)| Block {
            out,
            hidden,
            kernel,
            stride,
            act_expand: if hidden.is_some() { act_expand } else { Act::Linear },
            act_dw,
            act_out,
            se,
            shortcut,
        },
    )
}

fn input() -> impl Strategy<Value = Input> {
    let filter = prop::sample::select(vec![Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Nearest]);
    let mode = prop::sample::select(vec![ResizeMode::Center, ResizeMode::Squash, ResizeMode::Letterbox]);
    let size = [1..99_u32, 1..99_u32];
    let plane = (0.0..1.0_f32, 0.01..1.0_f32);
    (size.clone(), prop::option::of(size), any::<bool>(), plane, 0.1..=1.0_f64, filter, mode, any::<[bool; 2]>())
        .prop_map(|(size, test_size, grey, (mean, std), crop_pct, interpolation, resize, [antialias, exif])| {
            let channels: u32 = if grey { 1 } else { 3 };
            let planes = channels as usize;
            Input {
                channels,
                size,
                test_size,
                mean: vec![mean; planes],
                std: vec![std; planes],
                crop_pct,
                interpolation,
                antialias,
                resize,
                exif,
            }
        })
}

fn head() -> impl Strategy<Value = Head> {
    let hidden = prop::option::of((1..30_u32, act()).prop_map(|(features, act)| HeadHidden { features, act }));
    (prop::option::of(1..99_u32), act(), hidden, 0.0..0.9_f32).prop_map(|(channels, act, hidden, dropout)| Head {
        channels,
        act: if channels.is_some() { act } else { Act::Linear },
        hidden,
        dropout,
    })
}

prop_compose! {
    fn net()(
        name in "[ -~]{0,12}|[äß雪\"\\\\\n\t]{0,4}",
        classes in 1..50_u32,
        naming in prop::sample::select(vec![Naming::Rexnet, Naming::Efficientnet]),
        padding in prop::sample::select(vec![Padding::Symmetric, Padding::Same]),
        norm in (1e-6..1e-2_f32, 0.0..1.0_f32).prop_map(|(eps, momentum)| Norm { eps, momentum }),
        input in input(),
        stem in (1..40_u32, prop::sample::select(vec![1, 3, 5_u32]), 1..3_u32, act()),
        staged in prop::collection::vec(prop::collection::vec(block(), 1..4), 0..5),
        head in head(),
    ) -> NetSpec {
        let (out, kernel, stride, act) = stem;
        NetSpec {
            name, classes, naming, padding, norm, input,
            stem: Stem { out, kernel, stride, act },
            stages: staged.iter().map(|stage| stage.len() as u32).collect(),
            blocks: staged.into_iter().flatten().collect(),
            head,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn params_are_the_elements_of_the_named_parameters(net in net()) {
        let graph = net.graph(net.input.size)?;
        let named: usize = graph.tensors().iter().filter(|t| t.role.is_param()).map(TensorDecl::elements).sum();
        prop_assert_eq!(graph.cost().params, named as u64);
        let rows: u64 = graph.layers().iter().map(|layer| layer.cost.params).sum();
        prop_assert_eq!(graph.cost().params, rows);
    }

    #[test]
    fn macs_are_what_each_output_element_reads_of_its_weight(net in net()) {
        let graph = net.graph(net.input.size)?;
        let tensors = graph.tensors();
        let mut macs = 0;
        for (index, node) in graph.nodes.iter().enumerate() {
            if let Op::Conv { weight, .. } | Op::Linear { weight, .. } = &node.op {
                let weight = tensors.iter().find(|t| t.node == index && &t.name == weight).expect("a weight");
                macs += node.out.elements() * (weight.elements() / weight.shape[0]) as u64;
            }
        }
        prop_assert_eq!(graph.cost().macs, macs);
        prop_assert_eq!(net.cost(net.input.size)?, graph.cost());
    }

    #[test]
    fn names_of_nodes_and_tensors_are_unique(net in net()) {
        let graph = net.graph(net.input.size)?;
        let tensors = graph.tensors();
        let names: HashSet<&str> = tensors.iter().map(|t| t.name.as_str()).collect();
        prop_assert_eq!(names.len(), tensors.len());
        let nodes: HashSet<&str> = graph.nodes.iter().map(|n| n.name.as_str()).collect();
        prop_assert_eq!(nodes.len(), graph.nodes.len());
    }

    #[test]
    fn every_value_is_made_before_it_is_read_and_shapes_agree(net in net()) {
        let graph = net.graph(net.input.size)?;
        for (index, node) in graph.nodes.iter().enumerate() {
            for input in &node.inputs {
                prop_assert!(input.0 <= index);
            }
            let read = graph.shape(node.inputs[0]);
            match node.op {
                Op::Norm { .. } | Op::Act(_) | Op::Dropout { .. } => prop_assert_eq!(node.out, read),
                Op::Scale => prop_assert_eq!((node.out, graph.shape(node.inputs[1]).c), (read, read.c)),
                Op::Shortcut { channels } => {
                    let added = graph.shape(node.inputs[1]);
                    prop_assert_eq!((node.out, added.c, added.h, added.w), (read, channels, read.h, read.w));
                    prop_assert!(channels <= read.c);
                }
                Op::Pool => prop_assert_eq!((node.out.c, node.out.h, node.out.w), (read.c, 1, 1)),
                Op::Conv { .. } | Op::Linear { .. } => {}
            }
        }
        prop_assert_eq!(graph.nodes.last().map(|n| n.out.c), Some(net.classes));
    }

    #[test]
    fn toml_gives_the_same_network_back(net in net()) {
        prop_assert_eq!(NetSpec::from_toml(&net.to_toml())?, net);
    }

    #[test]
    fn hostile_text_is_an_error_not_a_panic(net in net(), cut in 0.0..1.0_f64, junk in "[\\x00-\\x7f]{0,6}") {
        let text = net.to_toml();
        let mut at = (text.len() as f64 * cut) as usize;
        while !text.is_char_boundary(at) { at -= 1 }
        let _ = NetSpec::from_toml(&format!("{}{junk}{}", &text[..at], &text[at..]));
        let _ = NetSpec::from_toml(&format!("{}{junk}", &text[..at]));
    }
}
