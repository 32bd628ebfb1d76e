//! title: the best score so far lies in a `static mut`
//! target: best
//! verdict: refuses
//! reason: statics
//! at: 2:2 1:1
//! remedy: variable

// %% 1
static mut BEST: f64 = 0.0;
// %% 2
for score in [0.61, 0.74, 0.70] {
    unsafe { if score > BEST { BEST = score; } }
}
// %% 3
let best = unsafe { BEST };
