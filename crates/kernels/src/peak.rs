//! The most that the processor can do, measured: what a speed is held against.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::arena::{Arena, Buffer};
use crate::isa::{ByteKernel, Isa, Kernel, PairKernel, Products};
use crate::lanes::{Bytes, Lanes, Pairs};
use crate::packed::Packed;
use crate::planes::{Planes, PlanesMut};
use crate::quantised::Scale;
use crate::team::Team;
use crate::tile::{Arithmetic, Epilogue, Paired, Single, Whole};

/// How long a measurement takes.
const LONG: Duration = Duration::from_millis(100);
/// Items of a thread in a round: few threads wait long for the last of many.
const ITEMS: usize = 8;

/// Operations a second of all threads of a team, two for a multiply-add: chains of multiply-adds that
/// never leave the registers, or sums of the matrix unit from the first cache.
/// # Panics
/// When the machine has no such products.
pub fn flops(isa: Isa, products: Products, team: &mut Team) -> f64 {
    const ROUNDS: usize = 4000;
    let mut rooms = vec![(); team.threads()];
    let chains = 2 * isa.lanes() * CHAINS * ROUNDS;
    match products {
        Products::Single => rate(team, &mut rooms, chains, |()| isa.run(Multiply(ROUNDS))),
        Products::Pairs => rate(team, &mut rooms, 2 * chains, |()| isa.run_pairs(Multiply(ROUNDS))),
        Products::Words | Products::Vnni => {
            let amount = products.planes_of_a_plane() * chains;
            rate(team, &mut rooms, amount, |()| isa.run_bytes(products, Multiply(ROUNDS)))
        }
        Products::Tiles | Products::QuadTiles => tiles(isa, products, team),
    }
}

/// The matrix unit's: 32 pixels by 32 output channels, over and over.
fn tiles(isa: Isa, products: Products, team: &mut Team) -> f64 {
    const PIXELS: usize = 32;
    const INPUTS: usize = 256;
    const OUTPUTS: usize = 32;
    const ROUNDS: usize = 200;
    let (weight, bias) = (vec![1.0; INPUTS * OUTPUTS], [0.0; OUTPUTS]);
    let mut arena = Arena::default();
    let packed = match products {
        Products::QuadTiles => {
            let input = Scale { step: 1.0, zero: 0 };
            Packed::quantised(&mut arena, isa, products, [&weight, &bias], INPUTS, input)
        }
        _ => Packed::new(&mut arena, isa, products, &weight, &bias, INPUTS),
    };
    let inner = (INPUTS / isa.lanes()).div_ceil(packed.planes_of_a_plane());
    let outer = OUTPUTS / isa.lanes();
    let room = |_| [Buffer::zeros(inner * PIXELS * isa.lanes()), Buffer::zeros(outer * PIXELS * isa.lanes())];
    let mut rooms: Vec<_> = (0..team.threads()).map(room).collect();
    rate(team, &mut rooms, 2 * PIXELS * INPUTS * OUTPUTS * ROUNDS, |[x, y]| {
        for _ in 0..ROUNDS {
            let x = Planes::new(x, isa.lanes(), inner, 1, PIXELS);
            packed.run(0..1, x, PlanesMut::new(y, isa.lanes(), outer, 1, PIXELS), &Epilogue::default());
        }
    })
}

/// Bytes a second that all threads of a team read together, each from its own 8 MiB: from behind the second cache.
pub fn bytes(isa: Isa, team: &mut Team) -> f64 {
    const VALUES: usize = 2 << 20;
    let mut rooms: Vec<Buffer> = (0..team.threads()).map(|_| Buffer::zeros(VALUES)).collect();
    rate(team, &mut rooms, VALUES * size_of::<f32>(), |values| isa.run(Read(values)))
}

/// The most that was done in a second, of rounds in which each thread does some items of `amount`.
fn rate<R: Send>(team: &mut Team, rooms: &mut [R], amount: usize, item: impl Fn(&mut R) + Sync) -> f64 {
    let items = ITEMS * team.threads();
    let (begin, mut best) = (Instant::now(), 0.0_f64);
    while begin.elapsed() < LONG || best == 0.0 {
        let round = Instant::now();
        team.each(rooms, 0..items, |room, _, _| item(room));
        best = best.max((items * amount) as f64 / round.elapsed().as_secs_f64());
    }
    best
}

/// Sums that grow side by side: as many as hide the latency of two units, and as fit into sixteen registers.
const CHAINS: usize = 12;

struct Multiply(usize);

impl Kernel for Multiply {
    #[inline(always)]
    fn run<V: Lanes>(self, v: V) {
        self.chains::<V, Single>(v);
    }
}

impl PairKernel for Multiply {
    #[inline(always)]
    fn run<V: Pairs>(self, v: V) {
        self.chains::<V, Paired>(v);
    }
}

impl ByteKernel for Multiply {
    #[inline(always)]
    fn run<V: Bytes>(self, v: V) {
        self.chains::<V, Whole>(v);
    }
}

impl Multiply {
    #[inline(always)]
    fn chains<V: Lanes, A: Arithmetic<V>>(self, v: V) {
        let (x, y) = (v.splat(black_box(0.999)), v.splat(black_box(0.001)));
        let mut chains = [v.splat(black_box(1.0)); CHAINS];
        for _ in 0..self.0 {
            for chain in &mut chains {
                *chain = A::multiply_add(v, x, y, *chain);
            }
        }
        keep(v, chains);
    }
}

struct Read<'a>(&'a [f32]);

impl Kernel for Read<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self, v: V) {
        let mut sums = [v.splat(0.0); CHAINS];
        for values in self.0.chunks_exact(CHAINS * V::N) {
            for (sum, values) in sums.iter_mut().zip(values.chunks_exact(V::N)) {
                *sum = v.add(*sum, v.load(values));
            }
        }
        keep(v, sums);
    }
}

/// Lets nobody conclude that the sums are not wanted.
#[inline(always)]
fn keep<V: Lanes>(v: V, sums: [V::F; CHAINS]) {
    let mut out = [0.0; 64];
    for sum in sums {
        v.store(sum, &mut out);
        black_box(&mut out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{every, every_bf16, every_int8};

    #[test]
    fn a_rate_counts_whole_rounds_of_all_threads() {
        for threads in 1..=3 {
            let (mut team, mut done) = (Team::new(threads), vec![0; threads]);
            let rate = rate(&mut team, &mut done, 10, |done| *done += 1);
            let items: usize = done.iter().sum();
            assert!(items > 0 && items.is_multiple_of(ITEMS * threads), "{threads}: {items}");
            assert!(rate.is_finite() && rate > 0.0, "{threads}: {rate}");
        }
    }

    #[test]
    fn every_isa_has_limits() {
        every(|isa| {
            let mut team = Team::new(1);
            assert!(flops(isa, Products::Single, &mut team) > 0.0 && bytes(isa, &mut team) > 0.0, "{isa}");
        });
        let has_some = |isa, products| assert!(flops(isa, products, &mut Team::new(1)) > 0.0, "{isa} {products:?}");
        every_bf16(has_some);
        every_int8(has_some);
    }
}
