//! The Ironbook side of `bench/nn`: trains a network from given weights on given batches and prints times and losses.
//!
//! Arguments: `mlp` or `cnn`, and the folder with `weights.safetensors` and `data.safetensors`. Prints one line of JSON.
#![expect(clippy::print_stdout, reason = "a program whose result is a line of JSON")]

use candle_core::{DType, Device, Tensor};
use ironbook_nn::optim::{AdamW, Optimizer};
use ironbook_nn::{
    BceWithLogits, Conv2d, CrossEntropy, Flatten, Init, Linear, Loss, MaxPool2d, Module, Pass, Relu, Rng, Sequential,
    backward, load_state_dict, parameters,
};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

type Failed = Box<dyn Error>;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, case, folder] = arguments.as_slice() else {
        return Err("usage: nn_bench mlp|cnn <folder>".into());
    };
    let (net, loss) = network(case)?;
    let folder = Path::new(folder);
    let weights = candle_core::safetensors::load(folder.join("weights.safetensors"), &Device::Cpu)?;
    load_state_dict(&net, &weights.into_iter().collect())?;
    let data = candle_core::safetensors::load(folder.join("data.safetensors"), &Device::Cpu)?;
    let order = data["order"].to_dtype(DType::U32)?;
    let (mut seconds, mut losses) = (0.0, Vec::new());
    let params = parameters(&net);
    let mut optimizer = AdamW::new(1e-3);
    for step in 0..order.dim(0)? {
        let rows = order.get(step)?;
        let start = Instant::now();
        let (x, y) = (data["x"].index_select(&rows, 0)?, data["y"].index_select(&rows, 0)?);
        losses.push(train(&net, &*loss, (&x, &y), &params, &mut optimizer)?);
        seconds += start.elapsed().as_secs_f64();
    }
    println!("{}", serde_json::json!({ "step_s": seconds / losses.len() as f64, "losses": losses }));
    Ok(())
}

fn train(
    net: &Sequential,
    loss: &dyn Loss,
    (x, y): (&Tensor, &Tensor),
    params: &[ironbook_nn::Param],
    optimizer: &mut AdamW,
) -> Result<f32, Failed> {
    let loss = loss.mean(&net.forward(x, &Pass::train(Rng::seed(0)))?, y)?;
    let mut store = backward(&loss)?;
    let grads = params.iter().map(|p| store.remove(&p.var).ok_or("a parameter without gradient"));
    let grads = grads.collect::<Result<Vec<_>, _>>()?;
    let lr = optimizer.lr();
    optimizer.step(params, &grads, lr)?;
    Ok(loss.to_scalar::<f32>()?)
}

fn network(case: &str) -> Result<(Sequential, Box<dyn Loss>), Failed> {
    let init = &mut Init::seed(0);
    Ok(match case {
        "mlp" => {
            let net = Sequential::new().add(Linear::new(14, 256, init)?).add(Relu).add(Linear::new(256, 128, init)?);
            (net.add(Relu).add(Linear::new(128, 1, init)?), Box::new(BceWithLogits))
        }
        "cnn" => {
            let net = Sequential::new().add(Conv2d::new(1, 16, 3, init)?.padding(1)).add(Relu).add(MaxPool2d::new(2));
            let net = net.add(Conv2d::new(16, 32, 3, init)?.padding(1)).add(Relu).add(MaxPool2d::new(2));
            (net.add(Flatten).add(Linear::new(128, 10, init)?), Box::new(CrossEntropy::default()))
        }
        other => return Err(format!("no network {other}: mlp or cnn").into()),
    })
}
