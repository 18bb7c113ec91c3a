//! Every integer that is known of the published networks: the paper's tables, and hooks on timm's modules
//! (`tools/fixtures_spec.py`).

use rexnet_spec::{Act, Cost, Family, NetSpec, Op, Rounding, Shortcut};

/// name, stem, last 1x1, block outputs, params, MACs, elements put out; 1000 classes, 224x224.
const FAMILIES: &str = "
rexnet_090 32 1152 16-26-36-46-56-67-77-87-97-107-117-127-138-148-158-168 4091257 347691428 7111302
rexnet_100 32 1280 16-27-38-50-61-72-84-95-106-117-128-140-151-162-174-185 4796873 398370392 7440707
rexnet_130 42 1664 21-35-50-65-79-94-109-123-138-152-167-182-196-211-226-240 7557091 662229098 9714302
rexnet_150 48 1920 24-41-58-75-92-108-125-142-159-176-193-210-226-243-260-277 9728593 875828154 11209071
rexnet_200 64 2560 32-54-77-100-122-144-167-190-212-234-257-280-302-324-347-370 16366620 1528850782 14905553
rexnet_220 70 2816 35-60-85-109-134-159-184-208-233-258-283-307-332-357-382-406 19485308 1842508176 16386600
rexnet_300 96 3840 48-82-116-149-183-217-250-284-318-352-386-419-453-487-520-554 34708792 3395980620 22403473
rexnetr_100 32 1280 16-32-40-48-64-72-88-96-104-120-128-144-152-160-176-184 4883304 418899408 7716008
rexnetr_130 40 1664 24-32-48-64-80-96-112-120-136-152-168-184-200-208-224-240 7608080 661005776 9807184
rexnetr_150 48 1920 24-40-56-72-96-112-128-144-160-176-192-208-224-240-264-280 9782256 872390256 11133168
rexnetr_200 64 2560 32-56-80-104-120-144-168-192-216-232-256-280-304-328-344-368 16522432 1559353712 15107496
rexnetr_300 96 3840 48-80-112-144-176-224-256-288-320-352-384-416-448-480-528-560 34810008 3343674720 22158616
rexnet_lite_100 32 1280 16-32-40-48-64-72-80-96-104-112-128-136-144-160-168-184 4740056 406806592 7651904
rexnet_lite_130 40 1664 24-32-48-64-80-96-104-120-136-152-160-176-192-208-224-232 6747960 646448384 9752240
rexnet_lite_150 48 1920 24-40-56-72-88-104-120-136-152-176-192-208-224-240-256-272 8332296 836350720 10980376
rexnet_lite_200 64 2560 32-56-80-96-120-144-160-184-208-232-248-272-296-320-336-360 12966200 1498253632 14913704
";

fn net(name: &str) -> NetSpec {
    NetSpec::named(name).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn cost(net: &NetSpec, size: u32) -> Cost {
    net.cost([size, size]).unwrap_or_else(|e| panic!("{}: {e}", net.name))
}

#[test]
fn widths_params_macs_and_outputs_equal_the_published_integers() {
    for row in FAMILIES.lines().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.split(' ').collect();
        let net = net(cells[0]);
        let widths: Vec<String> = net.blocks.iter().map(|block| block.out.to_string()).collect();
        let cost = cost(&net, 224);
        let ours = format!(
            "{} {} {} {} {} {} {}",
            net.name,
            net.stem.out,
            net.head.channels.unwrap_or(0),
            widths.join("-"),
            cost.params,
            cost.macs,
            cost.activations
        );
        assert_eq!(ours, row);
    }
}

#[test]
fn other_widths_sizes_and_baselines_equal_the_reference() {
    for (name, params, macs) in [
        ("rexnet_110", 5_642_328, 480_554_448),
        ("rexnet_120", 6_568_698, 566_989_598),
        ("rexnet_140", 8_606_611, 762_306_734),
        ("rexnet:0.5", 1_790_471, 186_920_890),
        ("rexnet_plain", 4_959_490, 428_385_952),
    ] {
        let cost = cost(&net(name), 224);
        assert_eq!((cost.params, cost.macs), (params, macs), "{name}");
    }
    assert_eq!(cost(&net("rexnetr_200"), 288).macs, 2_573_313_904);
    assert_eq!(cost(&net("rexnetr_300"), 288).macs, 5_518_776_672);
    for (name, params, macs, activations) in [
        ("mobilenetv2_100", 3_504_872, 300_774_272, 6_679_112),
        ("efficientnet_b0", 5_288_548, 385_814_752, 6_748_036),
        ("tf_efficientnet_lite0", 4_652_008, 385_187_552, 6_738_696),
    ] {
        assert_eq!(cost(&net(name), 224), Cost { params, macs, activations }, "{name}");
    }
}

#[test]
fn without_squeeze_excitation_the_cost_is_clovaais() {
    let mut family = Family::rexnet();
    family.se = false;
    let cost = cost(&family.at(1.0), 224);
    assert_eq!((cost.params, cost.macs), (3_774_128, 397_357_976));
}

#[test]
fn batch_norms_explain_the_macs_that_timms_tables_print() {
    let graph = net("rexnet_100").graph([224, 224]).unwrap();
    let normed: u64 = graph.nodes.iter().filter(|n| matches!(n.op, Op::Norm { .. })).map(|n| n.out.elements()).sum();
    assert_eq!(normed, 7_431_439);
}

#[test]
fn searched_networks_meet_the_printed_budgets() {
    // Params in millions with batch norm, without the classifier; MACs in millions without and with batch norms.
    for (name, params, macs, with_norms) in [
        ("cifar_a_best", ".204", "28.2", "29.7"),
        ("cifar_a_worst", ".200", "29.3", "30.8"),
        ("cifar_b_best", ".513", "96.4", "100.6"),
        ("cifar_b_worst", ".508", "97.7", "102.0"),
        ("cifar_c_best", "1.040", "187.5", "193.0"),
        ("cifar_c_worst", "1.054", "199.8", "205.6"),
        ("cifar_d_best", "3.075", "346.9", "354.5"),
        ("cifar_d_worst", "3.095", "347.8", "356.0"),
    ] {
        let net = net(name);
        let graph = net.graph([32, 32]).unwrap();
        let cost = graph.cost();
        let classifier = 1280 * 100 + 100;
        let norms = graph.nodes.iter().filter(|n| matches!(n.op, Op::Norm { .. })).map(|n| n.out.elements());
        let millions = |n: u64| n as f64 / 1e6;
        let ours = (
            format!("{:.3}", millions(cost.params - classifier)).trim_start_matches('0').to_owned(),
            format!("{:.1}", millions(cost.macs)),
            format!("{:.1}", millions(cost.macs + 2 * norms.sum::<u64>())),
        );
        assert_eq!(ours, (params.into(), macs.into(), with_norms.into()), "{name}");
    }
}

#[test]
fn searched_networks_stride_where_thirds_begin() {
    for (name, strided) in [("cifar_a_best", [1, 2]), ("cifar_b_best", [3, 6]), ("cifar_d_best", [4, 8])] {
        let net = net(name);
        let found: Vec<usize> = (0..net.blocks.len()).filter(|&i| net.blocks[i].stride == 2).collect();
        assert_eq!(found, strided, "{name}");
    }
}

#[test]
fn shortcuts_stand_where_the_paper_has_them() {
    let shortcuts =
        |net: &NetSpec| -> Vec<usize> { (0..net.blocks.len()).filter(|&i| net.shortcut_channels(i) > 0).collect() };
    assert_eq!(shortcuts(&net("rexnet_100")), [2, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15]);
    let mut family = Family::rexnet();
    family.shortcut = Shortcut::Equal;
    assert_eq!(shortcuts(&family.at(1.0)), [0; 0]);
    assert_eq!(shortcuts(&net("rexnet_plain")), [0; 0]);
}

#[test]
fn the_activation_table_is_five_settings_of_one_family() {
    let base = cost(&net("rexnet_100"), 224);
    for act in [Act::Relu6, Act::LeakyRelu, Act::Softplus, Act::Elu, Act::Silu] {
        let net = Family { act, ..Family::rexnet() }.at(1.0);
        assert_eq!(cost(&net, 224), base);
        assert_eq!((net.blocks[3].act_expand, net.blocks[3].act_dw, net.stem.act), (act, Act::Relu6, act));
    }
}

#[test]
fn without_the_last_1x1_the_pool_follows_the_last_block() {
    let net = Family { pen: None, ..Family::rexnet() }.at(1.0);
    assert_eq!(net.features(), 185);
    let saved = cost(&net_100(), 224).params - cost(&net, 224).params;
    assert_eq!(saved, 185 * 1280 + 2 * 1280 + (1280 - 185) * 1000);
}

fn net_100() -> NetSpec {
    net("rexnet_100")
}

#[test]
fn tensor_names_and_shapes_are_timms_state_dict_in_order() {
    let fixture = include_str!("fixtures/tensors.txt");
    for name in ["rexnet_100", "rexnetr_200", "mobilenetv2_100", "efficientnet_b0", "tf_efficientnet_lite0"] {
        let net = net(name);
        let ours: Vec<String> = net
            .graph(net.input.size)
            .unwrap()
            .tensors()
            .iter()
            .map(|tensor| {
                let sizes = tensor.shape.iter().map(usize::to_string);
                [name.to_owned(), tensor.name.clone()].into_iter().chain(sizes).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let theirs: Vec<&str> = fixture.lines().filter(|line| line.split(' ').next() == Some(name)).collect();
        assert_eq!(ours.len(), theirs.len(), "{name}");
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours, theirs);
        }
    }
    assert_eq!(net_100().graph([224, 224]).unwrap().tensors().len(), 413);
}

#[test]
fn layer_costs_are_what_hooks_on_timms_modules_count() {
    let mut rows = 0;
    for line in include_str!("fixtures/layers.txt").lines() {
        let cells: Vec<&str> = line.split(' ').collect();
        let number = |i: usize| cells[i].parse::<u32>().unwrap();
        let graph = net(cells[0]).graph([number(1), number(2)]).unwrap();
        let layers = graph.layers();
        let layer = layers.iter().find(|layer| layer.name == cells[3]).unwrap_or_else(|| panic!("no layer: {line}"));
        let out = (layer.out.c, layer.out.h, layer.out.w);
        assert_eq!(out, (number(4), number(5), number(6)), "{line}");
        assert_eq!(layer.cost.macs.to_string(), cells[7], "{line}");
        assert_eq!(layer.cost.activations, layer.out.elements(), "{line}");
        rows += 1;
    }
    assert!(rows > 500);
}

#[test]
fn any_width_has_the_references_channels() {
    for line in include_str!("fixtures/channels.txt").lines() {
        let cells: Vec<&str> = line.split(' ').collect();
        let family = match cells[0].parse().unwrap() {
            1 => Family::rexnet(),
            divisor => Family::rexnetr(divisor),
        };
        let net = family.at(cells[1].parse().unwrap());
        let ours: Vec<String> = net.blocks.iter().map(|block| block.out.to_string()).collect();
        assert_eq!(ours, cells[2..], "{:?} at {}", family.rounding, cells[1]);
    }
    assert_eq!(Family::rexnetr(8).rounding, Rounding::Multiple(8));
}

#[test]
fn receptive_fields_follow_kernels_and_strides() {
    let layers = net_100().graph([224, 224]).unwrap().layers();
    let field = |name: &str| layers.iter().find(|layer| layer.name == name).unwrap().receptive_field;
    // 3 (stem, s2) + 2*2 = 7 (block 0) + 2*2 = 11 (block 1, s2) + 2*4 = 19 (block 2) + 2*4 = 27 (block 3, s2).
    assert_eq!(field("stem.conv"), 3);
    assert_eq!(field("features.0.conv_dw.conv"), 7);
    assert_eq!(field("features.1.conv_pwl.conv"), 11);
    assert_eq!(field("features.2.conv_dw.conv"), 19);
    assert_eq!(field("features.3.conv_dw.conv"), 27);
    assert_eq!(field("head.fc"), 224);
}
