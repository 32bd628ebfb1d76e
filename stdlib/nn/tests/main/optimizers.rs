//! Optimisers and schedules against PyTorch, step by step.

use crate::stream::{Stream, close, numbers, reference};
use candle_core::DType;
use ironbook_nn::optim::{Adam, AdamW, Clip, Optimizer, Plateau, Schedule, Sgd};
use ironbook_nn::*;

fn optimizer(name: &str) -> Box<dyn Optimizer> {
    match name {
        "sgd" => Box::new(Sgd::new(0.1)),
        "sgd_momentum" => Box::new(Sgd::new(0.1).momentum(0.9)),
        "sgd_nesterov" => Box::new(Sgd::new(0.1).nesterov(0.9).decay(0.05)),
        "adam" => Box::new(Adam::new(0.01)),
        "adam_decay" => Box::new(Adam::new(0.01).betas(0.8, 0.99).eps(1e-6).decay(0.1)),
        "adamw" => Box::new(AdamW::new(0.01)),
        "adamw_decay" => Box::new(AdamW::new(0.02).betas(0.9, 0.95).decay(0.1)),
        "adamw_clip_norm" | "adamw_clip_value" => Box::new(AdamW::new(0.02)),
        other => panic!("no optimiser for {other}"),
    }
}

fn clip(name: &str) -> Option<Clip> {
    match name {
        "adamw_clip_norm" => Some(Clip::Norm(0.3)),
        "adamw_clip_value" => Some(Clip::Value(0.05)),
        _ => None,
    }
}

#[test]
fn twelve_steps_are_pytorchs() {
    for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, 2e-6)] {
        for (name, steps) in reference()["optimizers"].as_object().unwrap() {
            let mut stream = Stream::new(6);
            let mut init = Init::seed(0).dtype(dtype);
            let net = Sequential::new()
                .add(Linear::new(3, 4, &mut init).unwrap())
                .add(Tanh)
                .add(Linear::new(4, 1, &mut init).unwrap());
            let params = parameters(&net);
            let mut draw = |dims: &[usize]| stream.tensor(dims).to_dtype(dtype).unwrap();
            params.iter().for_each(|p| p.var.set(&draw(p.var.dims())).unwrap());
            let (x, y) = (draw(&[8, 3]), draw(&[8, 1]));
            let mut optimizer = optimizer(name);
            let lr = optimizer.lr();
            for (i, step) in steps.as_array().unwrap().iter().enumerate() {
                let what = format!("{name} in {dtype:?}, step {i}");
                let loss = Mse.mean(&net.forward(&x, &Pass::eval()).unwrap(), &y).unwrap();
                let expected = step["loss"].as_f64().unwrap();
                let found = loss.to_dtype(DType::F64).unwrap().to_scalar::<f64>().unwrap();
                assert!((found - expected).abs() < tolerance, "{what}: loss {found} instead of {expected}");
                let store = loss.backward().unwrap();
                let mut grads: Vec<_> = params.iter().map(|p| store.get(&p.var).unwrap().clone()).collect();
                if let Some(clip) = clip(name) {
                    grads = clip.apply(grads).unwrap();
                }
                optimizer.step(&params, &grads, lr).unwrap();
                close(&params[0].var, &step["first"], tolerance, &what);
                close(&params[3].var, &step["last"], tolerance, &what);
            }
        }
    }
}

#[test]
fn schedules_are_pytorchs() {
    let cases = [
        ("constant", Schedule::Constant),
        ("step", Schedule::Step { every: 6, gamma: 0.5 }),
        ("cosine", Schedule::Cosine { least: 0.01 }),
        ("one_cycle", Schedule::OneCycle { rising: 0.3 }),
        ("warmup_cosine", Schedule::WarmupCosine { warmup: 5 }),
        ("warmup_linear", Schedule::WarmupLinear { warmup: 5 }),
    ];
    for (name, schedule) in cases {
        for (step, expected) in numbers(&reference()["schedules"][name]).iter().enumerate() {
            let found = schedule.at(0.3, step, 20);
            assert!((found - expected).abs() < 1e-7, "{name}, step {step}: {found} instead of {expected}");
        }
    }
}

#[test]
fn plateaus_are_pytorchs() {
    let case = &reference()["schedules"]["plateau"];
    let mut plateau = Plateau::new(0.5, 2);
    for (loss, rate) in numbers(&case["losses"]).iter().zip(numbers(&case["rates"])) {
        assert!((0.3 * plateau.epoch(*loss) - rate).abs() < 1e-12, "after {loss}: {}", plateau.scale());
    }
}

#[test]
fn a_state_that_was_taken_does_not_move() {
    let var = candle_core::Var::new(&[1.0f32, -2.0, 3.0], &candle_core::Device::Cpu).unwrap();
    let grad = candle_core::Tensor::new(&[0.5f32, 0.1, -0.7], &candle_core::Device::Cpu).unwrap();
    let params = [Param { name: "w".to_owned(), var: var.clone(), role: Role::Weight }];
    let mut optimizer = AdamW::new(0.1);
    let step = |optimizer: &mut AdamW| optimizer.step(&params, std::slice::from_ref(&grad), 0.1).unwrap();
    let now = || var.to_vec1::<f32>().unwrap();
    step(&mut optimizer);
    let (state, start) = (optimizer.state().unwrap(), var.as_detached_tensor().force_contiguous().unwrap());
    step(&mut optimizer);
    let second = now();
    step(&mut optimizer);
    var.set(&start).unwrap();
    optimizer.load(&params, &state, 1).unwrap();
    step(&mut optimizer);
    assert_eq!(now(), second);
}
