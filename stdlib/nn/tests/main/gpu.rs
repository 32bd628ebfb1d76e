//! The same numbers on a GPU as on the CPU; without a GPU these tests say that they were skipped.

use crate::reference::{layers, layers_by, setup};
use crate::stream::{Stream, reference};
use candle_core::{DType, Device, Tensor, Var};
use ironbook_nn::optim::{Adam, AdamW, Clip, Optimizer, norm};
use ironbook_nn::*;

/// The first GPU.
fn gpu(test: &str) -> Option<Device> {
    let found = device("cuda").ok();
    if found.is_none() {
        println!("SKIPPED: {test} (no GPU)");
    }
    found
}

fn values(t: &Tensor) -> Vec<f64> {
    t.to_device(&Device::Cpu).unwrap().to_dtype(DType::F64).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Both are the same up to `tolerance` of the largest value.
fn near(found: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let (found, expected) = (values(found), values(expected));
    let scale = expected.iter().fold(1e-3f64, |most, x| most.max(x.abs()));
    let worst = found.iter().zip(&expected).map(|(a, b)| (a - b).abs() / scale).fold(0.0, f64::max);
    assert!(worst <= tolerance, "{what}: {worst:e} away, more than {tolerance:e}");
    assert!(found.iter().all(|x| x.is_finite()), "{what}: not finite");
}

/// The difference is as long as `tolerance` of what is expected, as vectors: single values may be far, where ReLU turned.
fn alike(found: &Tensor, expected: &Tensor, tolerance: f64, what: &str) {
    let (found, expected) = (values(found), values(expected));
    let length = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    let (apart, whole) =
        (length(&mut found.iter().zip(&expected).map(|(a, b)| a - b)), length(&mut expected.iter().copied()));
    assert!(apart <= tolerance * (whole + 1e-3), "{what}: {apart:e} of {whole:e} away");
}

/// Output, gradient of the input and of all parameters.
fn results(layer: &dyn Module, x: &Var, probe: &Tensor, pass: &dyn Fn() -> Pass) -> Vec<Tensor> {
    let out = layer.forward(x, &pass()).unwrap();
    let out = out.to_dtype(x.dtype()).unwrap();
    let grads = (&out * probe).unwrap().sum_all().unwrap().backward().unwrap();
    let of = |t: &Tensor| grads.get(t).unwrap().clone();
    let params = parameters(layer).into_iter().map(|p| of(&p.var));
    [out.clone(), of(x)].into_iter().chain(params).collect()
}

/// Compares a layer on the GPU with one on the CPU that has its weights.
fn compare(name: &str, here: &dyn Module, there: &dyn Module, x: &Tensor, compute: Option<DType>, tolerance: f64) {
    let place = parameters(there)[..].first().map_or_else(|| device("cuda").unwrap(), |p| p.var.device().clone());
    for (from, to) in variables(here).iter().zip(variables(there)) {
        to.var.set(&from.var.to_dtype(to.var.dtype()).unwrap().to_device(&place).unwrap()).unwrap();
    }
    let mut stream = Stream::new(77);
    let plain = || Pass::train(Rng::seed(0));
    let x = Var::from_tensor(x).unwrap();
    let probe = stream.tensor(here.forward(&x, &plain()).unwrap().dims());
    let expected = results(here, &x, &probe, &plain);
    let moved = |t: &Tensor| t.to_dtype(DType::F32).unwrap().to_device(&place).unwrap();
    let found = results(there, &Var::from_tensor(&moved(&x)).unwrap(), &moved(&probe), &|| plain().compute(compute));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let what = format!("{name} {compute:?}, tensor {i}");
        match compute {
            None => near(found, expected, tolerance, &what),
            Some(_) => alike(found, expected, tolerance, &what),
        }
    }
}

#[test]
fn layers_are_those_of_the_cpu() {
    let Some(place) = gpu("layers_are_those_of_the_cpu") else { return };
    let reference = reference();
    let there = layers_by(Init::seed(0).on(&place));
    for ((name, here), (_, there)) in layers().iter().zip(&there) {
        let (x, _) = setup(name, &**here, &reference["layers"][*name]);
        compare(name, &**here, &**there, &x, None, 2e-5);
        // In bf16 another value of a window may be the largest one, and get the gradient.
        let tolerance = if name.starts_with("conv_pool") { 0.3 } else { 3e-2 };
        compare(name, &**here, &**there, &x, Some(DType::BF16), tolerance);
    }
}

/// Sizes beyond one block, one chunk, one warp.
#[test]
fn large_layers_are_those_of_the_cpu() {
    let Some(place) = gpu("large_layers_are_those_of_the_cpu") else { return };
    let make = |mut init: Init| -> Vec<(&'static str, Box<dyn Module>, Vec<usize>)> {
        let i = &mut init;
        let dense = Sequential::new().add(Linear::new(300, 517, i).unwrap()).add(Relu);
        let conv = Conv2d::new(3, 17, 3, i).unwrap().stride(2).padding(1);
        vec![
            ("dense", Box::new(dense.add(Linear::new(517, 33, i).unwrap())), vec![1001, 300]),
            ("unbiased", Box::new(Linear::without_bias(65, 130, i).unwrap()), vec![7, 9, 65]),
            ("norm", Box::new(LayerNorm::new(777, i).unwrap()), vec![999, 777]),
            ("root mean square", Box::new(RmsNorm::new(1500, i).unwrap()), vec![300, 1500]),
            ("attention", Box::new(MultiHeadAttention::new(72, 3, i).unwrap().causal()), vec![5, 131, 72]),
            ("block", Box::new(TransformerBlock::new(96, 4, 384, i).unwrap().causal()), vec![3, 70, 96]),
            ("conv", Box::new(conv), vec![7, 3, 33, 29]),
            ("pool", Box::new(MaxPool2d::new(3).stride(2).padding(1)), vec![5, 6, 31, 40]),
        ]
    };
    let (here, there) = (make(Init::seed(1).dtype(DType::F64)), make(Init::seed(1).on(&place)));
    for ((name, here, dims), (_, there, _)) in here.iter().zip(&there) {
        let x = Stream::new(3).tensor(dims);
        compare(name, &**here, &**there, &x, None, 5e-5);
        compare(name, &**here, &**there, &x, Some(DType::BF16), 6e-2);
    }
}

#[test]
fn wide_rows_are_those_of_the_cpu() {
    let Some(place) = gpu("wide_rows_are_those_of_the_cpu") else { return };
    for f in [ops::softmax, ops::log_softmax] {
        let x = Var::from_tensor(&(Stream::new(8).tensor(&[70, 3001]) * 9.0).unwrap()).unwrap();
        let probe = Stream::new(9).tensor(x.dims());
        let run = |x: &Var, probe: &Tensor| {
            let out = f(x).unwrap();
            let grads = (&out * probe).unwrap().sum_all().unwrap().backward().unwrap();
            (out, grads.get(x).unwrap().clone())
        };
        let moved = |t: &Tensor| t.to_dtype(DType::F32).unwrap().to_device(&place).unwrap();
        let (here, there) = (run(&x, &probe), run(&Var::from_tensor(&moved(&x)).unwrap(), &moved(&probe)));
        near(&there.0, &here.0, 2e-5, "softmax");
        near(&there.1, &here.1, 2e-5, "its gradient");
    }
}

#[test]
fn losses_are_those_of_the_cpu() {
    let Some(place) = gpu("losses_are_those_of_the_cpu") else { return };
    let mut stream = Stream::new(5);
    let x = (stream.tensor(&[1001, 300]) * 6.0).unwrap();
    let t = ((stream.tensor(&[1001, 300]) + 1.0).unwrap() / 2.0).unwrap();
    let y = Tensor::from_vec((0..1001u32).map(|i| i * 7 % 300).collect::<Vec<_>>(), 1001, &Device::Cpu).unwrap();
    let smooth = CrossEntropy { smoothing: 0.1 };
    let cases: [(&dyn Loss, &Tensor); 5] = [
        (&CrossEntropy { smoothing: 0.0 }, &y),
        (&smooth, &y),
        (&BceWithLogits, &t),
        (&Mse, &t),
        (&Huber { delta: 0.7 }, &t),
    ];
    for (loss, target) in cases {
        let run = |x: &Var, target: &Tensor| {
            let value = (loss.mean(x, target).unwrap() * 3.0).unwrap();
            (value.clone(), value.backward().unwrap().get(x).unwrap().clone())
        };
        let here = run(&Var::from_tensor(&x).unwrap(), target);
        let moved = Var::from_tensor(&x.to_dtype(DType::F32).unwrap().to_device(&place).unwrap()).unwrap();
        let types =
            if target.dtype() == DType::U32 { vec![DType::U32, DType::F32, DType::I64] } else { vec![DType::F32] };
        for dtype in types {
            let there = run(&moved, &target.to_dtype(dtype).unwrap().to_device(&place).unwrap());
            near(&there.0, &here.0, 1e-5, loss.name());
            near(&there.1, &here.1, 2e-5, loss.name());
        }
    }
    let wrong = Tensor::new(&[0.0f32, 4.0], &place).unwrap();
    let logits = Tensor::zeros((2, 4), DType::F32, &place).unwrap();
    assert!(matches!(CrossEntropy::default().mean(&logits, &wrong), Err(NnError::Class { row: 1, .. })));
    let nan = Tensor::new(&[f32::NAN], &place).unwrap();
    for loss in [&BceWithLogits as &dyn Loss, &Mse, &Huber::default()] {
        let loss = loss.mean(&nan, &Tensor::new(&[1f32], &place).unwrap()).unwrap();
        assert!(loss.to_scalar::<f32>().unwrap().is_nan());
    }
}

#[test]
fn embeddings_are_those_of_the_cpu() {
    let Some(place) = gpu("embeddings_are_those_of_the_cpu") else { return };
    let table = Stream::new(9).tensor(&[37, 65]);
    let index =
        Tensor::from_vec((0..1300u32).map(|i| i * i % 31).collect::<Vec<_>>(), (13, 100), &Device::Cpu).unwrap();
    let probe = Stream::new(10).tensor(&[13, 100, 65]);
    let run = |table: Tensor, index: &Tensor, probe: &Tensor| {
        let layer = Embedding { weight: Var::from_tensor(&table).unwrap() };
        let out = layer.forward(index, &Pass::eval()).unwrap();
        let grads = (&out * probe).unwrap().sum_all().unwrap().backward().unwrap();
        (out, grads.get(&layer.weight).unwrap().clone())
    };
    let moved = |t: &Tensor| t.to_dtype(DType::F32).unwrap().to_device(&place).unwrap();
    let here = run(table.clone(), &index, &probe);
    for index in [moved(&index), index.to_device(&place).unwrap()] {
        let there = run(moved(&table), &index, &moved(&probe));
        near(&there.0, &here.0, 1e-6, "rows");
        near(&there.1, &here.1, 1e-5, "gradient");
    }
    let layer = Embedding { weight: Var::from_tensor(&moved(&table)).unwrap() };
    let beyond = Tensor::new(&[3u32, 37], &place).unwrap();
    assert!(matches!(layer.forward(&beyond, &Pass::eval()), Err(NnError::Index { rows: 37, .. })));
}

#[test]
fn optimisers_and_norms_are_those_of_the_cpu() {
    let Some(place) = gpu("optimisers_and_norms_are_those_of_the_cpu") else { return };
    let sizes = [5000, 1, 4096, 4097, 12_289];
    let draw = |seed: u64, place: &Device| -> Vec<Tensor> {
        let mut stream = Stream::new(seed);
        let one = |&n: &usize| stream.tensor(&[n]).to_dtype(DType::F32).unwrap().to_device(place).unwrap();
        sizes.iter().map(one).collect()
    };
    let start = |place: &Device| -> Vec<Param> {
        let vars = draw(1, place).into_iter().map(|t| Var::from_tensor(&t).unwrap());
        let role = |i| if i % 2 == 0 { Role::Weight } else { Role::Bias };
        vars.enumerate().map(|(i, var)| Param { name: i.to_string(), var, role: role(i) }).collect()
    };
    let all: [fn() -> Box<dyn Optimizer>; 2] = [
        || Box::new(AdamW::new(0.02).decay(0.3).decay_weights_only()),
        || Box::new(Adam::new(0.01).betas(0.8, 0.99).decay(0.1)),
    ];
    for make in all {
        let run = |place: &Device| {
            let (params, mut optimizer) = (start(place), make());
            for step in 0..5 {
                optimizer.step(&params, &draw(10 + step, place), 0.02).unwrap();
            }
            let params: Vec<Tensor> = params.iter().map(|p| p.var.as_detached_tensor()).collect();
            (params, optimizer.state().unwrap())
        };
        let (here, there) = (run(&Device::Cpu), run(&place));
        there.0.iter().zip(&here.0).for_each(|(a, b)| near(a, b, 2e-6, "parameter"));
        here.1.iter().for_each(|(name, t)| near(&there.1[name], t, 2e-6, name));
    }
    let grads = draw(3, &place);
    let (here, there) = (norm(&draw(3, &Device::Cpu)).unwrap(), norm(&grads).unwrap());
    assert!((here / there - 1.0).abs() < 1e-6, "{here} {there}");
    let clipped = Clip::Norm(0.5).apply(grads).unwrap();
    assert!((norm(&clipped).unwrap() - 0.5).abs() < 1e-4);
    let spoiled = Tensor::new(&[1.0f32, f32::NAN], &place).unwrap();
    assert!(norm(&[clipped[0].clone(), spoiled]).unwrap().is_nan());
}

fn small(init: &mut Init) -> Sequential {
    let net =
        Sequential::new().add(Linear::new(6, 64, init).unwrap()).add(Gelu).add(Linear::new(64, 32, init).unwrap());
    net.add(LayerNorm::new(32, init).unwrap()).add(Relu).add(Linear::new(32, 1, init).unwrap())
}

fn table() -> Data {
    let x = Stream::new(4).tensor(&[600, 6]).to_dtype(DType::F32).unwrap();
    let y = x.sqr().unwrap().sum(1).unwrap().gt(2.0).unwrap().to_dtype(DType::F32).unwrap();
    Data::new(x, y).unwrap()
}

fn trainer(place: &Device) -> Trainer<Sequential, BceWithLogits> {
    let net = small(&mut Init::seed(2).on(place));
    Trainer::new(net, BceWithLogits).optimizer(AdamW::new(3e-3)).batch_size(50).seed(1).live(false)
}

#[test]
fn a_training_is_that_of_the_cpu_and_repeats_bit_for_bit() {
    let Some(place) = gpu("a_training_is_that_of_the_cpu_and_repeats_bit_for_bit") else { return };
    let run = |place: &Device| trainer(place).epochs(4).fit(&table(), None).unwrap().steps;
    let (here, first, second) = (run(&Device::Cpu), run(&place), run(&place));
    assert_eq!(first, second);
    let worst = here.iter().zip(&first).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-4, "{worst}");
    assert!(first[first.len() - 1] < 0.7 * first[0]);
}

#[test]
fn a_resumed_training_on_a_gpu_is_the_one_that_was_left() {
    let Some(place) = gpu("a_resumed_training_on_a_gpu_is_the_one_that_was_left") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half");
    let mut whole = trainer(&place).epochs(4);
    let all = whole.fit(&table(), None).unwrap().steps;
    let mut half = trainer(&place).epochs(2);
    half.fit(&table(), None).unwrap();
    half.save(&path).unwrap();
    let mut rest = trainer(&place).epochs(4).resume(&path).unwrap();
    assert_eq!(rest.fit(&table(), None).unwrap().steps, all);
}

#[test]
fn a_gradient_that_is_not_finite_stops_before_the_step() {
    let Some(place) = gpu("a_gradient_that_is_not_finite_stops_before_the_step") else { return };
    let net = small(&mut Init::seed(2).on(&place));
    // Finite loss, infinite slope at 0.
    let rough = |out: &Tensor, _: &Tensor| -> Result<Tensor, NnError> { Ok((out * 0.0)?.sqrt()?.mean_all()?) };
    let before = state_dict(&net).unwrap();
    let mut trainer = Trainer::new(net, rough).epochs(1).live(false);
    let error = trainer.fit(&table(), None).unwrap_err().to_string();
    assert!(error.contains("the gradient of"), "{error}");
    for (name, kept) in state_dict(trainer.model()).unwrap() {
        assert_eq!(values(&kept), values(&before[&name]), "{name} was changed");
    }
}

#[test]
fn the_device_is_one() {
    let Some(place) = gpu("the_device_is_one") else { return };
    let (a, b) = (Tensor::ones(3, DType::F32, &place).unwrap(), Tensor::ones(3, DType::F32, &Device::best()).unwrap());
    assert_eq!(values(&(a + b).unwrap()), [2.0; 3]);
    // And with candle's own device, which is on the same stream.
    let own = Device::new_cuda(0).unwrap();
    let net = Linear::new(4, 4, &mut Init::seed(1).on(&place)).unwrap();
    let x = Tensor::ones((2, 4), DType::F32, &own).unwrap();
    let (out, again) = (net.forward(&x, &Pass::eval()).unwrap(), x.to_device(&place).unwrap());
    assert_eq!(values(&out), values(&net.forward(&again, &Pass::eval()).unwrap()));
    // From another thread too, once this one is done.
    let sum = Tensor::ones(1 << 20, DType::F32, &place).unwrap();
    place.synchronize().unwrap();
    let moved = std::thread::spawn(move || {
        let twice = (sum * 2.0).unwrap();
        twice.device().synchronize().unwrap();
        twice
    });
    let moved = moved.join().unwrap();
    assert_eq!(values(&moved.sum_all().unwrap()), [f64::from(1 << 21)]);
    assert!(matches!(device("cuda:77"), Err(NnError::NoDevice { .. })));
}

#[test]
fn more_memory_than_there_is_is_refused_in_words() {
    let Some(place) = gpu("more_memory_than_there_is_is_refused_in_words") else { return };
    let error = Tensor::zeros((1 << 21, 1 << 20), DType::F32, &place).unwrap_err();
    assert!(matches!(NnError::from(error), NnError::OutOfMemory { .. }));
    // The device is as good as before.
    assert_eq!(values(&Tensor::ones(3, DType::F32, &place).unwrap()), [1.0; 3]);
}
