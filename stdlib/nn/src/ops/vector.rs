//! Loops that are compiled a second time for AVX2 with FMA, which runs where the processor has both.

use candle_core::WithDType;

/// A loop that is compiled for more than one instruction set; `run` must be `#[inline(always)]` down to its innermost loop.
pub(crate) trait Job {
    /// What it gives.
    type Output;

    /// Runs it; `FMA` says whether a multiplication and an addition are one instruction.
    fn run<const FMA: bool>(self) -> Self::Output;
}

/// Runs a job with the best instructions that there are.
pub(crate) fn run<J: Job>(job: J) -> J::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        #[expect(unsafe_code, reason = "several times as fast (bench/nn), and the check above is all that it needs")]
        // SAFETY: the processor has AVX2 and FMA.
        return unsafe { run_avx2(job) };
    }
    plain(job)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<J: Job>(job: J) -> J::Output {
    job.run::<true>()
}

/// Runs a job with what every processor of this kind has.
pub(crate) fn plain<J: Job>(job: J) -> J::Output {
    job.run::<{ cfg!(target_arch = "aarch64") }>()
}

/// `f32` and `f64`, with what such loops need.
pub(crate) trait Float: WithDType {
    /// `self * factor + addend`, rounded once if `FMA`.
    fn madd<const FMA: bool>(self, factor: Self, addend: Self) -> Self;
    fn sqrt(self) -> Self;
    fn is_nan(self) -> bool;
}

macro_rules! float { // the two float types share no trait in std
    ($($float:ident),+) => { $(
        impl Float for $float {
            #[inline(always)]
            fn madd<const FMA: bool>(self, factor: Self, addend: Self) -> Self {
                if FMA { self.mul_add(factor, addend) } else { self * factor + addend }
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $float::sqrt(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $float::is_nan(self)
            }
        }
    )+ };
}
float!(f32, f64);
