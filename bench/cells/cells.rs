// Twenty cells in the order of an ordinary session, valid in Ironbook and in the stock Rust kernel.
// The word before the colon says what a cell is: `glue` has no library generics to speak of,
// `data` calls polars or candle, `loop` contains a loop or a closure (eight of the twenty).
// What a cell prints is compared between the kernels.

// %% glue: imports
use candle_core::{DType, Device, Tensor};
use polars::prelude::*;
use std::collections::HashMap;
println!("ready");

// %% glue: first variable
let rows = 1_200usize;

// %% glue: an expression
rows * 2 + 1

// %% loop: a column of prices from a random walk
let mut prices: Vec<f64> = Vec::new();
let mut state = 42u64;
let mut price = 100.0;
for _ in 0..rows {
    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    let step = (state >> 33) as f64 / (1u64 << 31) as f64 - 0.5;
    price *= 1.0 + 0.02 * step;
    prices.push(price);
}
println!("{} prices, last {:.6}", prices.len(), prices[rows - 1]);

// %% data: a frame
let names = ["north", "south", "east", "west"];
let df = df![
    "region" => names.repeat(rows / 4),
    "price" => prices.clone(),
]?;
println!("{:?}", df.shape());

// %% data: look at it
df.head(Some(5))

// %% data: group and aggregate
let by_region = df
    .clone()
    .lazy()
    .filter(col("price").gt(lit(80.0)))
    .group_by([col("region")])
    .agg([col("price").mean().alias("mean"), len().alias("n")])
    .sort(["region"], Default::default())
    .collect()?;
println!("{:?}", by_region.shape());

// %% data: one column of the result
let mean = by_region.column("mean")?.f64()?.mean().unwrap_or(0.0);
println!("{mean:.6}");

// %% loop: returns, with an iterator and a closure
let returns: Vec<f64> = prices.windows(2).map(|w| (w[1] / w[0]).ln()).collect();
println!("{} returns, sum {:.9}", returns.len(), returns.iter().sum::<f64>());

// %% glue: a type and its methods
#[derive(Debug, Clone)]
struct Scaler {
    mean: f64,
    scale: f64,
}

impl Scaler {
    fn transform(&self, x: f64) -> f64 {
        (x - self.mean) / self.scale
    }
}

// %% loop: fit it
let n = returns.len() as f64;
let centre = returns.iter().sum::<f64>() / n;
let variance = returns.iter().map(|r| (r - centre).powi(2)).sum::<f64>() / n;
let scaler = Scaler { mean: centre, scale: variance.sqrt() };
println!("{:.6e} {:.6e}", scaler.mean, scaler.scale);

// %% glue: use it
println!("{:.6}", scaler.transform(0.01));

// %% data: tensors
let device = Device::Cpu;
let a = Tensor::arange(0f32, 6.0, &device)?.reshape((2, 3))?;
let gram = a.matmul(&a.t()?)?;
println!("{:?} {:?}", gram.dims(), gram.dtype() == DType::F32);

// %% data: down to a number
gram.sum_all()?.to_scalar::<f32>()?

// %% loop: gradient descent on tensors
let x = Tensor::new(&[[1f32, 0.5], [1.0, 1.5], [1.0, 2.5], [1.0, 3.5]], &device)?;
let y = Tensor::new(&[[2f32], [4.0], [6.0], [8.0]], &device)?;
let mut w = Tensor::zeros((2, 1), DType::F32, &device)?;
for _ in 0..200 {
    let residual = (x.matmul(&w)? - &y)?;
    let gradient = (x.t()?.matmul(&residual)? * 0.05)?;
    w = (w - gradient)?;
}
println!("{:.3?}", w.flatten_all()?.to_vec1::<f32>()?);

// %% loop: count words
let text = "the quick brown fox jumps over the lazy dog while the other dog looks at the fox";
let mut counts: HashMap<String, usize> = HashMap::new();
for word in text.split_whitespace() {
    *counts.entry(word.to_string()).or_insert(0) += 1;
}
println!("{} words", counts.len());

// %% loop: the most frequent
let mut top: Vec<(String, usize)> = counts.iter().map(|(w, c)| (w.clone(), *c)).collect();
top.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
println!("{:?}", &top[..3]);

// %% loop: a sieve, nested loops over two million numbers
let limit = 2_000_000usize;
let mut composite = vec![false; limit + 1];
let mut primes = 0;
for i in 2..=limit {
    if !composite[i] {
        primes += 1;
        let mut j = i * i;
        while j <= limit {
            composite[j] = true;
            j += i;
        }
    }
}
println!("{primes} primes");

// %% loop: a bootstrap, 300 resamples of the returns
let mut seed = 7u64;
let mut means: Vec<f64> = Vec::new();
for _ in 0..300 {
    let mut total = 0.0;
    for _ in 0..returns.len() {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        total += returns[(seed >> 33) as usize % returns.len()];
    }
    means.push(total / returns.len() as f64);
}
means.sort_by(|a, b| a.total_cmp(b));
println!("{:.6e} to {:.6e}", means[7], means[292]);

// %% glue: a summary
let verdict = if means[7] > 0.0 { "rises" } else { "undecided" };
println!("{rows} rows, {primes} primes, the price {verdict}");
