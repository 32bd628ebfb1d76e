//! The Ironbook side of `bench/nn/gpu.py`: trains on a device and prints the time and the loss of each step.
//!
//! Arguments: `mlp` or `transformer`, the folder with `weights.safetensors` and `data.safetensors`, the device (`cuda`,
//! `cpu`), `f32` or `bf16`, and `fused` or `composed` (of candle's operations alone). Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use candle_core::{DType, Tensor};
use ironbook_nn::optim::{AdamW, Optimizer};
use ironbook_nn::{
    BceWithLogits, CrossEntropy, Embedding, Init, LayerNorm, LearnedPositions, Linear, Loss, Module, NnError, Pass,
    Relu, Rng, Sequential, TransformerBlock, Visitor, backward, device, load_state_dict, ops, parameters,
};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

type Failed = Box<dyn Error>;

/// A language model over bytes.
struct Transformer {
    tokens: Embedding,
    positions: LearnedPositions,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    head: Linear,
}

impl Transformer {
    fn new(init: &mut Init) -> Result<Self, NnError> {
        let (width, heads, time) = (320, 5, 128);
        let block = |_| Ok(TransformerBlock::new(width, heads, 4 * width, init)?.causal());
        let blocks = (0..8).map(block).collect::<Result<_, NnError>>()?;
        Ok(Transformer {
            tokens: Embedding::new(256, width, init)?,
            positions: LearnedPositions::new(time, width, init)?,
            blocks,
            norm: LayerNorm::new(width, init)?,
            head: Linear::new(width, 256, init)?,
        })
    }
}

impl Module for Transformer {
    fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let mut x = self.positions.forward(&self.tokens.forward(x, pass)?, pass)?;
        for block in &self.blocks {
            x = block.forward(&x, pass)?;
        }
        self.head.forward(&self.norm.forward(&x, pass)?, pass)
    }

    fn visit(&self, visitor: &mut Visitor<'_>) {
        visitor.child("tokens", &self.tokens);
        visitor.child("positions", &self.positions);
        for (i, block) in self.blocks.iter().enumerate() {
            visitor.child(&format!("blocks.{i}"), block);
        }
        visitor.child("norm", &self.norm);
        visitor.child("head", &self.head);
    }
}

/// What was seen, step by step.
#[derive(Default)]
struct Run {
    times: Vec<f64>,
    /// Seconds until all of a step was handed to the device.
    queued: Vec<f64>,
    losses: Vec<f32>,
}

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, case, folder, place, kind, way] = arguments.as_slice() else {
        return Err("usage: nn_gpu mlp|transformer <folder> <device> f32|bf16 fused|composed".into());
    };
    let run = || run(case, folder, place, kind);
    let run = if way == "composed" { ops::composed(run)? } else { run()? };
    println!("{}", serde_json::json!({ "times": run.times, "queued": run.queued, "losses": run.losses }));
    Ok(())
}

fn run(case: &str, folder: &str, place: &str, kind: &str) -> Result<Run, Failed> {
    let device = device(place)?;
    let init = &mut Init::seed(0).on(&device);
    let (net, loss): (Box<dyn Module>, Box<dyn Loss>) = match case {
        "mlp" => {
            let net = Sequential::new().add(Linear::new(14, 256, init)?).add(Relu).add(Linear::new(256, 128, init)?);
            (Box::new(net.add(Relu).add(Linear::new(128, 1, init)?)), Box::new(BceWithLogits))
        }
        _ => (Box::new(Transformer::new(init)?), Box::new(CrossEntropy::default())),
    };
    let folder = Path::new(folder);
    let load = |name: &str| candle_core::safetensors::load(folder.join(name), &device);
    load_state_dict(&*net, &load("weights.safetensors")?.into_iter().collect())?;
    let data = load("data.safetensors")?;
    let order = data["order"].to_dtype(DType::U32)?;
    let compute = (kind == "bf16").then_some(DType::BF16);
    let params = parameters(&*net);
    let mut optimizer = AdamW::new(1e-3);
    let mut run = Run::default();
    for step in 0..order.dim(0)? {
        let start = Instant::now();
        let rows = order.get(step)?;
        let (x, y) = (data["x"].index_select(&rows, 0)?, data["y"].index_select(&rows, 0)?);
        let pass = Pass::train(Rng::seed(0)).compute(compute);
        let mean = loss.mean(&net.forward(&x, &pass)?, &y)?;
        let mut store = backward(&mean)?;
        let grads = params.iter().map(|p| store.remove(&p.var).ok_or_else(|| format!("no gradient of {}", p.name)));
        let grads = grads.collect::<Result<Vec<_>, _>>()?;
        optimizer.step(&params, &grads, 1e-3)?;
        run.queued.push(start.elapsed().as_secs_f64());
        run.losses.push(mean.to_scalar::<f32>()?);
        run.times.push(start.elapsed().as_secs_f64());
    }
    Ok(run)
}
