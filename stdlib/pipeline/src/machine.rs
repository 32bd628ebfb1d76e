//! The machine, as far as results may depend on it.

/// Features of this processor that results may depend on, sorted: those that numeric code chooses its instructions by.
#[must_use]
pub fn cpu_features() -> Vec<String> {
    detected().into_iter().map(str::to_owned).collect()
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Vec<&'static str> {
    macro_rules! detect { // the macro of std takes literals only
        ($($name:tt),+) => { [$(($name, std::arch::is_x86_feature_detected!($name))),+] };
    }
    let all = detect!(
        "avx",
        "avx2",
        "avx512bw",
        "avx512dq",
        "avx512f",
        "avx512vl",
        "avx512vnni",
        "bmi2",
        "f16c",
        "fma",
        "sse4.1",
        "sse4.2"
    );
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

#[cfg(target_arch = "aarch64")]
fn detected() -> Vec<&'static str> {
    macro_rules! detect { // the macro of std takes literals only
        ($($name:tt),+) => { [$(($name, std::arch::is_aarch64_feature_detected!($name))),+] };
    }
    let all = detect!("bf16", "dotprod", "fp16", "i8mm", "neon", "sve", "sve2");
    all.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Vec<&'static str> {
    Vec::new()
}
