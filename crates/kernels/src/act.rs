//! Element-wise activations, as PyTorch defines them. Bound: about eight cycles a vector for SiLU, two for a clamp.

use crate::isa::{Isa, Kernel};
use crate::lanes::Lanes;

/// An activation; the names are those of the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Act {
    /// The identity.
    #[default]
    Linear,
    /// `max(x, 0)`.
    Relu,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above zero, `0.01 x` below.
    LeakyRelu,
    /// `x` above zero, `exp(x) - 1` below.
    Elu,
    /// `ln(1 + exp(x))`; `x` above 20.
    Softplus,
    /// `x relu6(x + 3) / 6`.
    HardSwish,
    /// `x sigmoid(x)`.
    Silu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl Act {
    /// The activation of one value: the truth that fast texts are held to.
    pub fn of(self, x: f32) -> f32 {
        match self {
            Self::Linear => x,
            Self::Relu => relu(x),
            Self::Relu6 => relu6(x),
            Self::LeakyRelu => {
                if x > 0.0 {
                    x
                } else {
                    0.01 * x
                }
            }
            Self::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::Softplus => {
                if x > 20.0 {
                    x
                } else {
                    x.exp().ln_1p()
                }
            }
            Self::HardSwish => x * relu6(x + 3.0) / 6.0,
            Self::Silu => x * sigmoid(x),
            Self::Sigmoid => sigmoid(x),
        }
    }
}

/// NaN stays NaN, unlike `f32::max`.
fn relu(x: f32) -> f32 {
    if x < 0.0 { 0.0 } else { x }
}

fn relu6(x: f32) -> f32 {
    if x > 6.0 { 6.0 } else { relu(x) }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Applies `act` to every value; near [`Act::of`] to 6 units in the last place for SiLU and sigmoid of at most 8,
/// elsewhere to 1e-6 of the value (ELU: of one), or 1e-7 `|x|` where that is more.
pub fn apply(isa: Isa, act: Act, values: &mut [f32]) {
    isa.run(Apply(act, values));
}

struct Apply<'a>(Act, &'a mut [f32]);

impl Kernel for Apply<'_> {
    #[inline(always)]
    fn run<V: Lanes>(self, v: V) {
        map(v, self.0, self.1);
    }
}

/// Applies `act` to values in memory, one loop for each activation.
#[inline(always)]
pub(crate) fn map<V: Lanes>(v: V, act: Act, values: &mut [f32]) {
    if act != Act::Linear {
        dispatch(v, act, InPlace(values));
    }
}

/// Where values come from and go to; every implementation is one loop.
pub(crate) trait Path<V: Lanes> {
    fn each(self, v: V, f: impl Function);
}

/// The same as [`dispatch`] for values that will be rounded to fewer bits: SiLU to 2^-12 of itself.
#[inline(always)]
pub(crate) fn dispatch_near<V: Lanes>(v: V, act: Act, path: impl Path<V>) {
    if act == Act::Silu { path.each(v, NearSilu) } else { dispatch(v, act, path) }
}

/// Runs the loop of `path` with the activation, which is looked up once.
#[inline(always)]
pub(crate) fn dispatch<V: Lanes>(v: V, act: Act, path: impl Path<V>) {
    match act {
        Act::Linear => path.each(v, Linear),
        Act::Relu => path.each(v, Relu),
        Act::Relu6 => path.each(v, Relu6),
        Act::LeakyRelu => path.each(v, LeakyRelu),
        Act::Elu => path.each(v, Elu),
        Act::Softplus => path.each(v, Softplus),
        Act::HardSwish => path.each(v, HardSwish),
        Act::Silu => path.each(v, Silu),
        Act::Sigmoid => path.each(v, Sigmoid),
    }
}

struct InPlace<'a>(&'a mut [f32]);

impl<V: Lanes> Path<V> for InPlace<'_> {
    #[inline(always)]
    fn each(self, v: V, f: impl Function) {
        let mut vectors = self.0.chunks_exact_mut(V::N);
        for x in &mut vectors {
            v.store(f.of(v, v.load(x)), x);
        }
        let rest = vectors.into_remainder();
        if !rest.is_empty() {
            v.store_few(f.of(v, v.load_few(rest)), rest);
        }
    }
}

/// A vector's activation. Not a closure, which would be compiled without the instructions.
pub(crate) trait Function: Copy {
    fn of<V: Lanes>(self, v: V, x: V::F) -> V::F;
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident($v:ident, $x:ident) = $value:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        struct $name;

        impl Function for $name {
            #[inline(always)]
            fn of<V: Lanes>(self, $v: V, $x: V::F) -> V::F {
                $value
            }
        }
    )+};
}

functions! {
    Linear(_v, x) = x;
    Relu(v, x) = v.max(v.splat(0.0), x);
    Relu6(v, x) = clamp(v, 0.0, 6.0, x);
    LeakyRelu(v, x) = v.max(v.mul(v.splat(0.01), x), x);
    Elu(v, x) = elu(v, x);
    Softplus(v, x) = softplus(v, x);
    HardSwish(v, x) = hard_swish(v, x);
    Silu(v, x) = v.mul(x, logistic(v, x));
    NearSilu(v, x) = v.mul(x, v.near_logistic(x));
    Sigmoid(v, x) = logistic(v, x);
}

impl Act {
    /// The bounds, where it only clamps.
    pub(crate) fn bounds(self) -> Option<(f32, f32)> {
        match self {
            Self::Linear => Some((f32::NEG_INFINITY, f32::INFINITY)),
            Self::Relu => Some((0.0, f32::INFINITY)),
            Self::Relu6 => Some((0.0, 6.0)),
            _ => None,
        }
    }
}

/// `min(max(x, low), high)`; NaN stays NaN.
#[inline(always)]
pub(crate) fn clamp<V: Lanes>(v: V, low: f32, high: f32, x: V::F) -> V::F {
    v.min(v.splat(high), v.max(v.splat(low), x))
}

/// Coefficients of `f`, `f^2`, ... in `2^f - 1` for `f` in [0, 1], the largest relative error of `2^f` least (8e-8).
const POWER: [f32; 5] = [0.693_151_3, 0.240_164_44, 0.055_799_913, 0.009_017_03, 0.001_867_130_2];

/// `e^(factor x)`, at most 2^126.
#[inline(always)]
fn exp<V: Lanes>(v: V, factor: f32, x: V::F) -> V::F {
    let t = v.mul(x, v.splat(factor * std::f32::consts::LOG2_E));
    let (whole, f) = v.split(v.min(v.splat(126.0), t));
    let mut power = v.splat(POWER[4]);
    for c in [POWER[3], POWER[2], POWER[1], POWER[0], 1.0] {
        power = v.fma(power, f, v.splat(c));
    }
    v.scale(power, whole)
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn logistic<V: Lanes>(v: V, x: V::F) -> V::F {
    v.recip(v.add(v.splat(1.0), exp(v, -1.0, x)))
}

/// `x min(max(x + 3, 0), 6) / 6`.
#[inline(always)]
fn hard_swish<V: Lanes>(v: V, x: V::F) -> V::F {
    let gate = clamp(v, 0.0, 6.0, v.add(x, v.splat(3.0)));
    v.mul(x, v.mul(gate, v.splat(1.0 / 6.0)))
}

/// `max(x, 0) + e^min(x, 0) - 1`.
#[inline(always)]
fn elu<V: Lanes>(v: V, x: V::F) -> V::F {
    let below = v.sub(exp(v, 1.0, v.min(v.splat(0.0), x)), v.splat(1.0));
    v.add(v.max(v.splat(0.0), x), below)
}

/// `max(x, 0) + ln(1 + e)`, `e = e^-|x|`; `ln(1 + e) = 2 (z + z^3 / 3 + z^5 / 5 + ...)` for `z = e / (2 + e)`.
#[inline(always)]
fn softplus<V: Lanes>(v: V, x: V::F) -> V::F {
    let e = exp(v, 1.0, v.min(x, v.sub(v.splat(0.0), x)));
    let z = v.mul(e, v.recip(v.add(v.splat(2.0), e)));
    let square = v.mul(z, z);
    let mut sum = v.splat(2.0 / 13.0);
    for odd in [11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = v.fma(sum, square, v.splat(2.0 / odd));
    }
    v.fma(sum, z, v.max(v.splat(0.0), x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::every;

    const ALL: [Act; 9] = [
        Act::Linear,
        Act::Relu,
        Act::Relu6,
        Act::LeakyRelu,
        Act::Elu,
        Act::Softplus,
        Act::HardSwish,
        Act::Silu,
        Act::Sigmoid,
    ];

    #[test]
    fn values_equal_pytorch() {
        // torch 2.15, float64: F.relu, relu6, leaky_relu, elu, softplus, hardswish, silu, sigmoid at -1.5 and 2.5.
        let at_minus = [-1.5, 0.0, 0.0, -0.015, -0.776_869_84, 0.201_413_28, -0.375, -0.273_638_3, 0.182_425_52];
        let at_plus = [2.5, 2.5, 2.5, 2.5, 2.5, 2.578_889_8, 2.291_666_6, 2.310_354_5, 0.924_141_8];
        for (i, act) in ALL.into_iter().enumerate() {
            assert!((act.of(-1.5) - at_minus[i]).abs() < 1e-6, "{act:?}: {}", act.of(-1.5));
            assert!((act.of(2.5) - at_plus[i]).abs() < 1e-6, "{act:?}: {}", act.of(2.5));
        }
    }

    /// A range sweep: a wrong tail hides from a few points.
    fn sweep() -> Vec<f32> {
        (-4000..=4000).map(|i| i as f32 * 0.025).chain((0..200).map(|i| 1e-30 * 1.4f32.powi(i))).collect()
    }

    #[test]
    fn every_isa_is_near_the_scalar_all_along_the_line() {
        every(|isa| {
            for act in ALL {
                let mut got = sweep();
                apply(isa, act, &mut got);
                for (x, got) in sweep().into_iter().zip(got) {
                    let want = exact(act, f64::from(x));
                    let scale = if act == Act::Elu { want.abs().max(1.0) } else { want.abs().max(1e-30) };
                    let error = (f64::from(got) - want).abs() / scale;
                    let few = matches!(act, Act::Silu | Act::Sigmoid) && x.abs() <= 8.0;
                    let allowed = if few { 6.0 * f64::from(f32::EPSILON) } else { f64::from(x.abs() * 1e-7).max(1e-6) };
                    let tail = x < -70.0 && got.abs() < 1e-28;
                    assert!(error <= allowed || tail, "{isa} {act:?} {x}: {got:e} {want:e}");
                }
            }
        });
    }

    struct Near<'a>(&'a mut [f32]);

    impl Kernel for Near<'_> {
        #[inline(always)]
        fn run<V: Lanes>(self, v: V) {
            dispatch_near(v, Act::Silu, InPlace(self.0));
        }
    }

    #[test]
    fn a_near_silu_is_within_2_to_the_minus_12_of_itself_on_every_isa() {
        every(|isa| {
            let mut got = sweep();
            isa.run(Near(&mut got));
            for (x, got) in sweep().into_iter().zip(got) {
                let want = exact(Act::Silu, f64::from(x));
                let error = (f64::from(got) - want).abs();
                assert!(error <= want.abs() / 4096.0 || (x < -80.0 && error < 1e-30), "{isa} {x}: {got:e} {want:e}");
            }
            let mut ends = [f32::INFINITY, f32::NAN, -1e38, -0.0];
            isa.run(Near(&mut ends));
            assert!(
                ends[0] == f32::INFINITY && ends[1].is_nan() && ends[2].abs() < 1e2 && ends[3] == 0.0,
                "{isa} {ends:?}"
            );
        });
    }

    /// The definition in f64.
    fn exact(act: Act, x: f64) -> f64 {
        match act {
            Act::Elu if x <= 0.0 => x.exp_m1(),
            Act::Softplus if x <= 20.0 => x.exp().ln_1p(),
            Act::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Act::Silu => x / (1.0 + (-x).exp()),
            Act::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Act::LeakyRelu if x <= 0.0 => x * 0.01,
            other => f64::from(other.of(x as f32)),
        }
    }

    #[test]
    fn infinity_zero_and_nan_are_as_the_definition_has_them_on_every_isa() {
        every(|isa| {
            for act in ALL {
                let mut got = [f32::INFINITY, f32::NAN, -0.0, 0.0, 1e38];
                let want = got.map(|x| act.of(x));
                apply(isa, act, &mut got);
                assert!(got[1].is_nan(), "{isa} {act:?}");
                for i in [0, 2, 3, 4] {
                    let near = got[i] == want[i] || (got[i] - want[i]).abs() <= 1e-6 * want[i].abs();
                    let signed = got[i] != 0.0 || got[i].is_sign_negative() == want[i].is_sign_negative();
                    assert!(near && (signed || act == Act::Elu), "{isa} {act:?}: {} {}", got[i], want[i]);
                }
            }
        });
    }

    #[test]
    fn any_length_is_covered_and_nothing_behind_it_is_touched() {
        every(|isa| {
            for n in 0..=2 * isa.lanes() + 1 {
                let mut values = vec![-1.0; n + 1];
                apply(isa, Act::Relu, &mut values[..n]);
                assert!(values[..n].iter().all(|&x| x == 0.0) && values[n] == -1.0, "{isa} {n}");
            }
        });
    }

    #[test]
    fn nan_stays_nan() {
        assert!(ALL.into_iter().all(|act| act.of(f32::NAN).is_nan()));
    }
}
