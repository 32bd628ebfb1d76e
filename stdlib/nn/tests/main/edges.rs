//! What a hostile user does to a trainer: settings that make no sense, NaN, changes between two calls.

use candle_core::{DType, Device, Tensor, Var};
use ironbook_nn::optim::{Adam, AdamW, Clip, Optimizer, Plateau, Schedule, Sgd};
use ironbook_nn::*;
use std::cell::Cell;

fn data(rows: usize, seed: u64) -> Data {
    let mut init = Init::seed(seed);
    let x = init.tensor(&[rows, 3], Draw::Normal(1.0)).unwrap();
    let y = x.sum(1).unwrap();
    Data::new(x, y).unwrap()
}

fn net(seed: u64) -> Sequential {
    let mut init = Init::seed(seed);
    Sequential::new().add(Linear::new(3, 8, &mut init).unwrap()).add(Relu).add(Linear::new(8, 1, &mut init).unwrap())
}

fn all(net: &impl Module) -> Vec<f32> {
    let all = variables(net);
    all.iter()
        .filter(|p| p.var.dtype() == DType::F32)
        .flat_map(|p| p.var.flatten_all().unwrap().to_vec1::<f32>().unwrap())
        .collect()
}

#[test]
fn a_batch_that_is_refused_leaves_the_running_moments() {
    let mut init = Init::seed(1);
    let net = Sequential::new()
        .add(Linear::new(3, 4, &mut init).unwrap())
        .add(BatchNorm::new(4, &mut init).unwrap())
        .add(Linear::new(4, 1, &mut init).unwrap());
    let good = data(16, 1);
    let mut trainer = Trainer::new(net, Mse).epochs(1).batch_size(8).seed(1).live(false);
    trainer.fit(&good, None).unwrap();
    let before = all(trainer.model());
    let mut x = good.x().to_vec2::<f32>().unwrap();
    x[3][0] = f32::NAN;
    x[12][0] = f32::NAN;
    let bad = Data::new(Tensor::new(x, &Device::Cpu).unwrap(), good.y().clone()).unwrap();
    let mut trainer = trainer.epochs(2);
    assert!(matches!(trainer.fit(&bad, None), Err(NnError::NotFinite { .. })));
    // The first batch of the epoch may have been a good one; nothing is NaN in any case.
    assert!(all(trainer.model()).iter().all(|x| x.is_finite()));
    if trainer.history().steps.len() == 2 {
        assert_eq!(all(trainer.model()), before);
    }
    assert!(
        trainer
            .predict(good.x())
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
            .iter()
            .all(|y| y.is_finite())
    );
}

#[test]
fn nan_is_no_best_loss() {
    let calls = Cell::new(0);
    // One batch and one validation per epoch; the first validation is NaN.
    let loss = |output: &Tensor, target: &Tensor| -> Result<Tensor, NnError> {
        calls.set(calls.get() + 1);
        let loss = Mse.mean(output, target)?;
        if calls.get() == 2 { Ok((loss * f64::NAN)?) } else { Ok(loss) }
    };
    let mut trainer = Trainer::new(net(1), loss).epochs(4).patience(3).batch_size(32).seed(1).live(false);
    let history = trainer.fit(&data(32, 1), Some(&data(16, 2))).unwrap();
    assert!(history.epochs[0].valid_loss.unwrap().is_nan());
    assert_eq!((history.best, history.stop), (Some(4), Some(Stop::Epochs)));
    let mut plateau = Plateau::new(0.5, 0);
    assert_eq!([f64::NAN, 2.0, 1.0, 1.0].map(|loss| plateau.epoch(loss)), [0.5, 0.5, 0.5, 0.25]);
}

#[test]
fn more_epochs_go_on_from_the_last_weights() {
    let make = |epochs| {
        Trainer::new(net(1), Mse)
            .optimizer(AdamW::new(0.05))
            .epochs(epochs)
            .patience(50)
            .batch_size(8)
            .seed(3)
            .live(false)
    };
    // A validation set that has little to do with the training: the best epoch is not the last.
    let noise = Init::seed(5).tensor(&[12], Draw::Normal(1.0)).unwrap();
    let (train, valid) = (data(20, 1), Data::new(data(12, 2).x().clone(), noise).unwrap());
    let mut whole = make(12);
    let expected = whole.fit(&train, Some(&valid)).unwrap();
    let mut first = make(7);
    let early = first.fit(&train, Some(&valid)).unwrap();
    assert!(early.best.unwrap() < 7, "the best weights are the last ones: the test shows nothing");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    first.save(&path).unwrap();
    let mut resumed = make(12).resume(&path).unwrap();
    let mut first = first.epochs(12);
    for trainer in [&mut first, &mut resumed] {
        assert_eq!(trainer.fit(&train, Some(&valid)).unwrap(), expected);
        assert_eq!(all(trainer.model()), all(whole.model()));
    }
    // Weights that were set by hand in between are kept.
    let mut first = make(7);
    first.fit(&train, Some(&valid)).unwrap();
    let zeros = state_dict(first.model()).unwrap().into_iter().map(|(name, t)| (name, t.zeros_like().unwrap()));
    load_state_dict(first.model(), &zeros.collect()).unwrap();
    let history = first.epochs(8).fit(&train, Some(&valid)).unwrap();
    let none = (train.y().sqr().unwrap().mean_all().unwrap()).to_scalar::<f32>().unwrap();
    assert!((history.epochs[7].train_loss - f64::from(none)).abs() < 0.2 * f64::from(none));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    type Make = fn(Trainer<Sequential, Mse>) -> Trainer<Sequential, Mse>;
    let cases: [(Make, &str); 15] = [
        (|t| t.clip_norm(f64::NAN), "clip_norm"),
        (|t| t.clip_norm(0.0), "clip_norm"),
        (|t| t.clip_value(-1.0), "clip_value"),
        (|t| t.schedule(Schedule::Step { every: 1, gamma: f64::NAN }), "the schedule's gamma"),
        (|t| t.schedule(Schedule::Cosine { least: -1.0 }), "the schedule's least"),
        (|t| t.schedule(Schedule::OneCycle { rising: 2.0 }), "the schedule's rising"),
        (|t| t.plateau(Plateau::new(1.5, 1)), "the plateau's factor"),
        (|t| t.optimizer(AdamW::new(0.1).betas(0.9, 1.0)), "a beta"),
        (|t| t.optimizer(Adam::new(0.1).eps(-1.0)), "eps"),
        (|t| t.optimizer(AdamW::new(0.1).decay(f64::INFINITY)), "decay"),
        (|t| t.optimizer(Sgd::new(0.1).momentum(-0.5)), "momentum"),
        (|t| t.optimizer(Sgd::new(0.1).decay(-0.5)), "decay"),
        (|t| t.optimizer(Sgd::new(-0.1)), "the learning rate"),
        (|t| t.freeze("3"), "freeze"),
        (|t| t.freeze("0.w"), "freeze"),
    ];
    for (make, expected) in cases {
        let mut trainer = make(Trainer::new(net(1), Mse)).live(false);
        match trainer.fit(&data(8, 1), Some(&data(8, 1))) {
            Err(NnError::Parameter { name, .. }) => assert_eq!(name, expected),
            other => panic!("{expected}: {other:?}"),
        }
        assert_eq!(all(trainer.model()), all(&net(1)));
    }
    let (x, y) =
        (Tensor::ones(4, DType::F32, &Device::Cpu).unwrap(), Tensor::ones(4, DType::F32, &Device::Cpu).unwrap());
    assert!(matches!(Huber { delta: 0.0 }.mean(&x, &y), Err(NnError::Parameter { name: "delta", .. })));
    let (x, y) = (x.reshape((2, 2)).unwrap(), Tensor::zeros(2, DType::U32, &Device::Cpu).unwrap());
    let loss = CrossEntropy { smoothing: 1.5 };
    assert!(matches!(loss.mean(&x, &y), Err(NnError::Parameter { name: "smoothing", .. })));
}

#[test]
fn a_frozen_layer_is_not_another_whose_name_begins_alike() {
    let init = &mut Init::seed(0);
    let mut net = Sequential::new();
    for _ in 0..11 {
        net = net.add(Linear::new(3, 3, init).unwrap());
    }
    let net = net.add(Linear::new(3, 1, init).unwrap());
    let before = state_dict(&net).unwrap();
    let mut trainer = Trainer::new(net, Mse).freeze("1").freeze("0.bias").epochs(1).live(false);
    trainer.fit(&data(8, 1), None).unwrap();
    for (name, t) in state_dict(trainer.model()).unwrap() {
        let moved = t.ne(&before[&name]).unwrap().to_dtype(DType::F32).unwrap().sum_all().unwrap();
        let moved = moved.to_scalar::<f32>().unwrap() > 0.0;
        assert_eq!(moved, !["1.weight", "1.bias", "0.bias"].contains(&name.as_str()), "{name}");
    }
}

#[test]
fn moments_stay_with_their_parameters() {
    let var = |count: usize| Var::ones(count, DType::F32, &Device::Cpu).unwrap();
    let param = |name: &str, var: &Var| Param { name: name.to_owned(), var: var.clone(), role: Role::Weight };
    let grad = |count: usize, at: usize| Init::seed(at as u64).tensor(&[count], Draw::Normal(1.0)).unwrap();
    let (long, short, alone) = (var(5), var(3), var(3));
    let (both, one) = ([param("a", &long), param("b", &short)], [param("b", &alone)]);
    let mut frozen: Box<dyn Optimizer> = Box::new(Adam::new(0.1));
    let mut whole: Box<dyn Optimizer> = Box::new(Adam::new(0.1));
    for step in 0..6 {
        // The first parameter is frozen after three steps.
        let skip = usize::from(step >= 3);
        let grads = [grad(5, 100 + step), grad(3, step)];
        frozen.step(&both[skip..], &grads[skip..], 0.1).unwrap();
        whole.step(&one, &grads[1..], 0.1).unwrap();
        assert_eq!(short.to_vec1::<f32>().unwrap(), alone.to_vec1::<f32>().unwrap(), "step {step}");
    }
}

#[test]
fn a_long_parameter_moves_as_its_parts_do() {
    let values = |from: usize, count: usize, seed| {
        let all = Init::seed(seed).tensor(&[100_000], Draw::Normal(1.0)).unwrap();
        all.narrow(0, from, count).unwrap().copy().unwrap()
    };
    let run = |parts: usize| {
        let count = 100_000 / parts;
        let vars: Vec<Var> = (0..parts).map(|i| Var::from_tensor(&values(i * count, count, 1)).unwrap()).collect();
        let params: Vec<Param> = vars
            .iter()
            .enumerate()
            .map(|(i, var)| Param { name: i.to_string(), var: var.clone(), role: Role::Weight })
            .collect();
        let mut optimizer = AdamW::new(0.1);
        for step in 0..3 {
            let grads: Vec<Tensor> = (0..parts).map(|i| values(i * count, count, 10 + step)).collect();
            optimizer.step(&params, &grads, 0.1).unwrap();
        }
        vars.iter().flat_map(|v| v.to_vec1::<f32>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(40));
}

#[test]
fn an_epoch_does_not_go_on_with_other_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let calls = Cell::new(0);
    let loss = |output: &Tensor, target: &Tensor| -> Result<Tensor, NnError> {
        calls.set(calls.get() + 1);
        let loss = Mse.mean(output, target)?;
        if calls.get() == 3 { Ok((loss * f64::NAN)?) } else { Ok(loss) }
    };
    let mut first = Trainer::new(net(1), loss).batch_size(8).epochs(2).seed(1).live(false).checkpoint_every(&path, 1);
    assert!(first.fit(&data(32, 1), None).is_err());
    let make = || Trainer::new(net(2), Mse).batch_size(8).epochs(2).seed(1).live(false).resume(&path).unwrap();
    let error = make().fit(&data(16, 1), None).unwrap_err().to_string();
    assert!(error.starts_with("the inputs have 16 rows, the epoch that goes on had 32"), "{error}");
    assert_eq!(make().fit(&data(32, 1), None).unwrap().steps.len(), 8);
}

#[test]
fn weights_that_make_no_sense_are_refused() {
    let weigh = |weights: [f32; 3]| data(3, 1).weights(Tensor::new(&weights, &Device::Cpu).unwrap());
    assert!(weigh([0.0, 1.0, 2.0]).is_ok());
    for (weights, words) in [
        ([1.0, -1.0, 1.0], "the weight is -1 in row 1"),
        ([f32::NAN, 1.0, 1.0], "the weight is NaN in row 0"),
        ([0.0; 3], "the weight is 0 in all rows"),
    ] {
        let error = weigh(weights).unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[test]
fn no_rows_are_no_panic() {
    let init = &mut Init::seed(0);
    let net = Sequential::new()
        .add(Conv2d::new(1, 2, 3, init).unwrap().padding(1))
        .add(Relu)
        .add(MaxPool2d::new(2))
        .add(Conv2d::new(2, 2, 3, init).unwrap())
        .add(Flatten)
        .add(Linear::new(2 * 4, 3, init).unwrap())
        .add(Relu)
        .add(Linear::new(3, 1, init).unwrap());
    let x = Tensor::zeros((0, 1, 8, 8), DType::F32, &Device::Cpu).unwrap();
    assert_eq!(Trainer::new(net, Mse).predict(&x).unwrap().dims(), [0, 1]);
    let clip = Clip::Norm(1.0);
    assert!(clip.apply(Vec::new()).unwrap().is_empty());
}

/// Layers that run together hand their gradients on by hand: also the second time, and for two inputs in one graph.
#[test]
fn a_graph_can_be_gone_back_through_twice() {
    let init = &mut Init::seed(4);
    let deep = Sequential::new()
        .add(Linear::new(3, 6, init).unwrap())
        .add(Relu)
        .add(Linear::new(6, 5, init).unwrap())
        .add(Relu)
        .add(Linear::new(5, 1, init).unwrap());
    let (a, b) = (data(4, 1).x().clone(), data(7, 2).x().clone());
    let params = parameters(&deep);
    let of = |loss: &Tensor| {
        let grads = loss.backward().unwrap();
        let flat = |p: &Param| grads.get(&p.var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        params.iter().flat_map(flat).collect::<Vec<f32>>()
    };
    let loss = |x: &Tensor| deep.forward(x, &Pass::eval()).unwrap().sqr().unwrap().sum_all().unwrap();
    let (of_a, of_b) = (of(&loss(&a)), of(&loss(&b)));
    let both = (loss(&a) + loss(&b)).unwrap();
    for _ in 0..2 {
        for ((sum, a), b) in of(&both).iter().zip(&of_a).zip(&of_b) {
            assert!((sum - (a + b)).abs() < 1e-4 * sum.abs().max(1.0), "{sum} instead of {}", a + b);
        }
    }
    assert!(of_a.iter().any(|grad| *grad != 0.0));
}
