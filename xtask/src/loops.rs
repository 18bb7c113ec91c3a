//! `cargo xtask loops`: the hot loops of the AVX-512 kernels as the release build has them.
//!
//! A tile is fast while its sums stay in registers; one careless line and the compiler keeps them in memory, with every
//! result still right. What each loop may hold is written down here, so that it cannot grow unseen. (Instruction counts of
//! the other kernels are `counts`'.)

use std::fs;
use std::path::{Path, PathBuf};

/// What a loop may hold at most.
struct Held {
    /// What it sums.
    name: &'static str,
    /// The function that its text was compiled into, and the instruction that makes its products.
    function: &'static str,
    product: &'static str,
    /// How many of those it has, which tells it from the others; of several the shortest come first in the table.
    products: usize,
    /// How many loops that is: whole planes and the last few channels apart.
    copies: usize,
    instructions: usize,
    loads: usize,
    spills: usize,
}

const fn tile(
    name: &'static str,
    function: &'static str,
    product: &'static str,
    copies: usize,
    [products, instructions, loads]: [usize; 3],
) -> Held {
    Held { name, function, product, products, copies, instructions, loads, spills: 0 }
}

/// A tile of 14 pixels by two vectors has 28 sums: 14 loads of pixels and two of weights, then counters and the jump.
const HELD: &[Held] = &[
    tile("f32, 14 pixels x 2 vectors", "run_avx512", "vfmadd", 2, [28, 47, 16]),
    tile("f32, 14 pixels x 2 vectors, stem", "run_avx512", "vfmadd", 1, [28, 48, 16]),
    tile("f32, 9 pixels x 3 vectors", "run_avx512", "vfmadd", 2, [27, 42, 12]),
    tile("f32, 9 pixels x 3 vectors, stem", "run_avx512", "vfmadd", 1, [27, 43, 12]),
    tile("bf16, 14 pixels x 2 vectors", "run_avx512_bf16", "vdpbf16ps", 2, [28, 47, 16]),
    tile("int8, 14 pixels x 2 vectors", "run_avx512_vnni", "vpdpbusd", 1, [28, 48, 16]),
    tile("int8, four planes to a quantised one", "run_avx512_vnni", "vcvtps2dq", 1, [4, 35, 5]),
];

/// Compiles the kernels to assembly, with the flags of the release build, and looks.
pub(crate) fn check() -> Result<(), String> {
    if !cfg!(target_arch = "x86_64") {
        eprintln!("NOT RUN: loops of AVX-512 on another processor");
        return Ok(());
    }
    let folder = "target/loops";
    crate::cargo(&[
        "rustc",
        "--release",
        "--quiet",
        "--package=rexnet-kernels",
        "--lib",
        "--target-dir",
        folder,
        "--",
        "--emit=asm",
        "-Cllvm-args=-x86-asm-syntax=intel",
    ])?;
    let text = newest(&Path::new(folder).join("release/deps"))?;
    let text = fs::read_to_string(&text).map_err(|e| format!("{}: {e}", text.display()))?;
    let wrong = wrong_loops(&loops(&text), HELD);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\nxtask: ")) }
}

/// The assembly that was written last.
fn newest(folder: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let assembly =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "s"));
    let newest = assembly.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    newest.ok_or_else(|| format!("{}: no assembly", folder.display()))
}

/// A loop that holds no other, as the instructions of its body.
struct Loop<'a> {
    function: &'a str,
    body: Vec<&'a str>,
}

/// The innermost loops of every function: from a label to a jump back to it.
fn loops(text: &str) -> Vec<Loop<'_>> {
    let mut all = Vec::new();
    let (mut function, mut code, mut labels) = ("", Vec::new(), Vec::new());
    for line in text.lines() {
        match line.strip_suffix(':') {
            Some(label) if label.starts_with(".Lfunc_end") => {
                all.extend(innermost(function, &code, &labels));
                code.clear();
                labels.clear();
            }
            Some(label) if label.starts_with(".L") => labels.push((label, code.len())),
            Some(label) => function = label,
            None => {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with(['.', '#']) {
                    code.push(line);
                }
            }
        }
    }
    all
}

fn innermost<'a>(function: &'a str, code: &[&'a str], labels: &[(&str, usize)]) -> Vec<Loop<'a>> {
    let back = |(end, line): (usize, &&str)| {
        let (_, target) = line.split_once('\t').filter(|(jump, _)| jump.starts_with('j'))?;
        let &(_, start) = labels.iter().find(|(label, start)| *label == target && *start <= end)?;
        Some(start..end + 1)
    };
    let ranges: Vec<_> = code.iter().enumerate().filter_map(back).collect();
    let holds_none = |outer: &&std::ops::Range<usize>| {
        !ranges.iter().any(|inner| inner != *outer && outer.start <= inner.start && inner.end <= outer.end)
    };
    ranges.iter().filter(holds_none).map(|range| Loop { function, body: code[range.clone()].to_vec() }).collect()
}

impl Loop<'_> {
    fn products(&self, product: &str) -> usize {
        self.body.iter().filter(|line| line.starts_with(product)).count()
    }

    /// Instructions that read memory, and those that write to the stack.
    fn traffic(&self) -> (usize, usize) {
        let is_hint = |line: &str| line.starts_with("prefetch") || line.starts_with("lea");
        let memory = self.body.iter().filter(|line| line.contains('[') && !is_hint(line));
        let (mut loads, mut spills) = (0, 0);
        for line in memory {
            let to = line.split_once('\t').map_or("", |(_, operands)| operands.split(',').next().unwrap_or_default());
            let writes = to.contains('[') && line.starts_with("vmov");
            loads += usize::from(!writes);
            spills += usize::from(writes && (to.contains("rsp") || to.contains("rbp")));
        }
        (loads, spills)
    }
}

/// What is longer, loads more or spills more than it may, or is not there.
fn wrong_loops(loops: &[Loop], held: &[Held]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (row, held_here) in held.iter().enumerate() {
        let Held { name, function, product, products, copies, instructions, loads: most_loads, spills: most_spills } =
            held_here;
        let same = |other: &&Held| (other.function, other.products) == (*function, *products);
        let place: usize = held[..row].iter().filter(same).map(|other| other.copies).sum();
        // A mangled name has the length of each part before it.
        let part = format!("{}{function}17h", function.len());
        let mut found: Vec<_> =
            loops.iter().filter(|l| l.function.contains(&part) && l.products(product) == *products).collect();
        found.sort_by_key(|l| l.body.len());
        for copy in place..place + copies {
            let Some(seen) = found.get(copy) else {
                wrong
                    .push(format!("{name}: no loop of {products} {product} in {function}; are its sums in registers?"));
                continue;
            };
            let (length, (loads, spills)) = (seen.body.len(), seen.traffic());
            println!("{name}: {length} instructions, {loads} loads, {spills} spills");
            if length > *instructions || loads > *most_loads || spills > *most_spills {
                let held = format!("{instructions} instructions, {most_loads} loads, {most_spills} spills are held");
                wrong.push(format!("{name}: {length} instructions, {loads} loads, {spills} spills; {held}"));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "_ZN1k10run_avx51217h0E:\n\tpush\trbx\n.LBB0_1:\n\tmov\trax, rcx\n.LBB0_2:\n\
        \tvmovups\tzmm1, zmmword ptr [rdi]\n\tvfmadd231ps\tzmm0, zmm1, zmmword ptr [rsi]\n\
        \tvmovups\tzmmword ptr [rsp + 64], zmm0\n\tprefetcht0\tbyte ptr [rdi]\n\tjne\t.LBB0_2\n\tjne\t.LBB0_1\n\tret\n.Lfunc_end0:\n";

    fn held(instructions: usize, loads: usize, spills: usize) -> Held {
        Held { spills, ..tile("t", "run_avx512", "vfmadd", 1, [1, instructions, loads]) }
    }

    #[test]
    fn the_innermost_loop_is_counted_and_a_spill_is_a_store_to_the_stack() {
        let loops = loops(TEXT);
        assert_eq!(loops.len(), 1);
        assert_eq!((loops[0].body.len(), loops[0].traffic()), (5, (2, 1)));
        assert!(wrong_loops(&loops, &[held(5, 2, 1)]).is_empty());
        for less in [held(4, 2, 1), held(5, 1, 1), held(5, 2, 0)] {
            assert!(wrong_loops(&loops, &[less])[0].contains("5 instructions, 2 loads, 1 spills"));
        }
    }

    #[test]
    fn a_loop_that_is_gone_is_wrong() {
        let other = Held { products: 28, ..held(5, 2, 1) };
        assert!(wrong_loops(&loops(TEXT), &[other])[0].contains("no loop of 28"));
        let twice = [held(5, 2, 1), held(9, 9, 9)];
        assert_eq!(wrong_loops(&loops(TEXT), &twice).len(), 1, "the second of two is not there");
        let copies = [Held { copies: 3, ..held(5, 2, 1) }];
        assert_eq!(wrong_loops(&loops(TEXT), &copies).len(), 2, "of three copies two are not there");
    }
}
