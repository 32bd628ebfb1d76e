// %% [markdown]
// What logging every step costs a training: `ironbook run bench/track/training.rs`, in an empty directory.
//
// A network is trained with and without an active run, in turn; each step logs its loss and learning rate by itself. Then
// single points, each on disk before its call returns.

// %%
use ironbook::nn::optim::Adam;
use ironbook::nn::{CrossEntropy, Data, Draw, Init, Linear, Relu, Sequential, Trainer};
use std::time::Instant;

let mut init = Init::seed(1);
let x = init.tensor(&[20_000, 64], Draw::Normal(1.0))?;
let y = Tensor::from_vec((0..20_000u32).map(|i| (i % 10) as f32).collect::<Vec<_>>(), 20_000, &Device::Cpu)?;
let data = Data::new(x, y)?;

fn seconds(data: &Data, epochs: usize) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    let mut init = Init::seed(2);
    let net = Sequential::new()
        .add(Linear::new(64, 256, &mut init)?).add(Relu)
        .add(Linear::new(256, 256, &mut init)?).add(Relu)
        .add(Linear::new(256, 10, &mut init)?);
    let mut trainer = Trainer::new(net, CrossEntropy::default()).optimizer(Adam::new(1e-3)).epochs(epochs).batch_size(128).live(false);
    let start = Instant::now();
    trainer.fit(data, None)?;
    Ok(start.elapsed().as_secs_f64())
}
seconds(&data, 1)?;

// %%
let (mut with, mut without) = (Vec::new(), Vec::new());
for turn in 0..6 {
    track::start("training", track::RunOptions::default())?;
    with.push(seconds(&data, 10)?);
    track::end(track::Status::Finished)?;
    without.push(seconds(&data, 10)?);
}
let middle = |times: &[f64]| {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[2] + sorted[3]) / 2.0
};
let steps = 10.0 * (20_000f64 / 128.0).ceil();
println!(
    "{:.3} ms a step with a run, {:.3} without: {:+.2} %",
    1e3 * middle(&with) / steps,
    1e3 * middle(&without) / steps,
    100.0 * (middle(&with) / middle(&without) - 1.0),
);

// %%
track::start("training", track::RunOptions::default())?;
let start = Instant::now();
for step in 0..20_000 {
    track::log_metric_at("loss", 1.0 / f64::from(step + 1), step)?;
}
println!("{:.1} µs for a point that is on disk when the call returns", start.elapsed().as_secs_f64() * 1e6 / 20_000.0);
track::end(track::Status::Finished)?;
