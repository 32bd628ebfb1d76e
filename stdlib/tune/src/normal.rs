//! The normal distribution, whole and cut off at both ends, accurate far into its tails.
//!
//! The functions are those of `optuna.samplers._tpe._truncnorm`, which has them from SciPy, but for the quantile: that is
//! Wichura's AS 241 (Applied Statistics 37, 1988), and Newton's method where a probability has no float.

use std::f64::consts::{LN_2, PI, SQRT_2};

/// Logarithm of the square root of two pi.
pub(crate) const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// Probability of being below `x`.
pub(crate) fn cdf(x: f64) -> f64 {
    let scaled = x / SQRT_2;
    if scaled < -1.0 / SQRT_2 {
        0.5 * libm::erfc(-scaled)
    } else if scaled < 1.0 / SQRT_2 {
        0.5 + 0.5 * libm::erf(scaled)
    } else {
        1.0 - 0.5 * libm::erfc(scaled)
    }
}

/// Logarithm of [`cdf`].
pub(crate) fn log_cdf(x: f64) -> f64 {
    if x > 6.0 {
        return -cdf(-x);
    }
    if x > -20.0 {
        return cdf(x).ln();
    }
    // The asymptotic series of the tail.
    let lead = -0.5 * x * x - (-x).ln() - 0.5 * (2.0 * PI).ln();
    let inverse = 1.0 / (x * x);
    let (mut last, mut sum, mut numerator, mut power, mut sign) = (0.0, 1.0, 1.0, 1.0, 1.0);
    let mut i = 0.0;
    while f64::abs(last - sum) > f64::EPSILON {
        i += 1.0;
        last = sum;
        sign = -sign;
        power *= inverse;
        numerator *= 2.0 * i - 1.0;
        sum += sign * numerator * power;
    }
    lead + f64::ln(sum)
}

/// Logarithm of the probability of lying between `a` and `b`.
pub(crate) fn log_mass(a: f64, b: f64) -> f64 {
    // The right tail has no digits to spare; mirrored, it is the left one.
    if b <= 0.0 {
        log_difference(log_cdf(b), log_cdf(a))
    } else if a > 0.0 {
        log_difference(log_cdf(-a), log_cdf(-b))
    } else {
        (-cdf(a) - cdf(-b)).ln_1p()
    }
}

fn log_difference(a: f64, b: f64) -> f64 {
    a + (-(b - a).exp()).ln_1p()
}

/// The standard normal between `a` and `b`: the point below which it lies with probability `q`.
pub(crate) fn quantile_between(q: f64, a: f64, b: f64) -> f64 {
    if q <= 0.0 || a == b {
        return a;
    }
    if q >= 1.0 {
        return b;
    }
    let point = if a < 0.0 { left_quantile(q, a, b) } else { -left_quantile(1.0 - q, -b, -a) };
    point.clamp(a, b)
}

/// [`quantile_between`] where most of the probability is on the left, or near 0.
fn left_quantile(q: f64, a: f64, b: f64) -> f64 {
    if b > 0.0 {
        return quantile_within(q, (cdf(a), cdf(-b)));
    }
    let (low, high) = (cdf(a), cdf(b));
    let lower = low + q * (high - low);
    if lower > 1e-300 { quantile(lower) } else { log_quantile(log_sum(log_cdf(a), q.ln() + log_mass(a, b))) }
}

/// The standard normal between two ends around 0, given what they cut off: the point below which it lies with
/// probability `q`.
pub(crate) fn quantile_within(q: f64, (below, above): (f64, f64)) -> f64 {
    let mass = 1.0 - below - above;
    let lower = below + q * mass;
    // Beyond the middle it is counted from the other end, where there are digits.
    if lower > 0.5 { -quantile(above + (1.0 - q) * mass) } else { quantile(lower) }
}

fn log_sum(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

/// The point below which the standard normal lies with a probability whose logarithm is `log_p`, far to the left.
fn log_quantile(log_p: f64) -> f64 {
    let mut x = if log_p < -5.0 {
        -(-2.0 * (log_p + LN_SQRT_2PI)).sqrt()
    } else if log_p < -LN_2 * 1e-9 {
        -(3f64.sqrt() / PI) * (-log_p).exp_m1().ln()
    } else {
        return f64::INFINITY;
    };
    for _ in 0..100 {
        let log_cdf_x = log_cdf(x);
        let log_pdf_x = -0.5 * x * x - LN_SQRT_2PI;
        let step = (log_cdf_x - log_p) * (log_cdf_x - log_pdf_x).exp();
        x -= step;
        if step.abs() <= 1e-15 * x.abs() {
            break;
        }
    }
    x
}

/// The point below which the standard normal lies with probability `p`.
pub(crate) fn quantile(p: f64) -> f64 {
    let centred = p - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * ratio(r, &CENTRE.0, &CENTRE.1);
    }
    let tail = if centred < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return if centred < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let r = (-tail.ln()).sqrt();
    let size = if r <= 5.0 { ratio(r - 1.6, &NEAR.0, &NEAR.1) } else { ratio(r - 5.0, &FAR.0, &FAR.1) };
    if centred < 0.0 { -size } else { size }
}

fn ratio(r: f64, above: &[f64; 8], below: &[f64; 8]) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(below)
}

/// Coefficients of AS 241, PPND16, from the constant on: numerator and denominator.
type Rational = ([f64; 8], [f64; 8]);

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);

const NEAR: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);

const FAR: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);
