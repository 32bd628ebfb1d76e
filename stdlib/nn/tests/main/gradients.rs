//! Gradients against finite differences, and the fused functions against the composed ones.

use crate::reference::{layers, setup};
use crate::stream::{Stream, reference};
use candle_core::{DType, Tensor, Var};
use ironbook_nn::*;

#[test]
fn gradients_are_those_of_finite_differences() {
    let reference = reference();
    for (name, layer) in layers() {
        let (x, mut stream) = setup(name, &*layer, &reference["layers"][name]);
        let probe = stream.tensor(layer.forward(&x, &Pass::train(Rng::seed(0))).unwrap().dims());
        let f = || Ok((layer.forward(&x, &Pass::train(Rng::seed(0)))? * &probe)?.sum_all()?);
        let params = parameters(&*layer);
        let vars: Vec<&Var> = params.iter().map(|p| &p.var).chain([&x]).collect();
        let error = gradient_error(f, &vars).unwrap();
        assert!(error < 2e-7, "{name}: {error}");
    }
}

/// What runs on a GPU, run here: outputs and gradients are those of the fused functions.
#[test]
fn the_composed_functions_are_the_fused_ones() {
    let reference = reference();
    for (name, layer) in layers() {
        let (x, mut stream) = setup(name, &*layer, &reference["layers"][name]);
        let probe = stream.tensor(layer.forward(&x, &Pass::train(Rng::seed(0))).unwrap().dims());
        let run = || {
            let out = layer.forward(&x, &Pass::train(Rng::seed(0))).unwrap();
            let grads = (&out * &probe).unwrap().sum_all().unwrap().backward().unwrap();
            let params = parameters(&*layer);
            let of_params = params.iter().map(|p| grads.get(&p.var).unwrap().clone());
            [out, grads.get(&x).unwrap().clone()].into_iter().chain(of_params).collect::<Vec<_>>()
        };
        for (i, (fused, composed)) in run().iter().zip(ops::composed(run)).enumerate() {
            let worst = (fused - composed).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
            assert!(worst < 1e-9, "{name}, tensor {i}: {worst}");
        }
    }
}

#[test]
fn the_composed_losses_are_the_fused_ones() {
    let mut stream = Stream::new(5);
    let x = Var::from_tensor(&(stream.tensor(&[6, 4]) * 2.0).unwrap()).unwrap();
    let t = ((stream.tensor(&[6, 4]) + 1.0).unwrap() / 2.0).unwrap();
    let y = Tensor::new(&[0u32, 1, 2, 3, 1, 1], &candle_core::Device::Cpu).unwrap();
    let smooth = CrossEntropy { smoothing: 0.1 };
    let cases: [(&dyn Loss, &Tensor); 4] =
        [(&smooth, &y), (&BceWithLogits, &t), (&Mse, &t), (&Huber { delta: 0.7 }, &t)];
    for (loss, target) in cases {
        let run = || {
            let value = loss.mean(&x, target).unwrap();
            let grad = value.backward().unwrap().get(&x).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
            (value.to_scalar::<f64>().unwrap(), grad)
        };
        let (fused, composed) = (run(), ops::composed(run));
        assert!((fused.0 - composed.0).abs() < 1e-12, "{}", loss.name());
        assert!(fused.1.iter().zip(&composed.1).all(|(a, b)| (a - b).abs() < 1e-12), "{}", loss.name());
    }
}

/// Also for a weight that two layers share, and one that the loss reads itself.
#[test]
fn the_short_way_back_is_candles() {
    let init = &mut Init::seed(3).dtype(DType::F64);
    let shared = Linear::new(6, 6, init).unwrap();
    let net = Sequential::new().add(shared.clone()).add(Relu).add(shared.clone()).add(LayerNorm::new(6, init).unwrap());
    let net = net.add(Conv1d::new(1, 2, 3, init).unwrap());
    let x = Stream::new(1).tensor(&[4, 1, 6]);
    let params = parameters(&net);
    let loss = || {
        let decay = shared.weight.sqr().unwrap().sum_all().unwrap();
        (net.forward(&x, &Pass::train(Rng::seed(0))).unwrap().sqr().unwrap().sum_all().unwrap() + decay).unwrap()
    };
    let (long, short) = (loss().backward().unwrap(), backward(&loss()).unwrap());
    for param in &params {
        let difference = (long.get(&param.var).unwrap() - short.get(&param.var).unwrap()).unwrap();
        let worst = difference.abs().unwrap().max_all().unwrap().to_scalar::<f64>().unwrap();
        assert!(worst < 1e-12, "{}: {worst}", param.name);
    }
    // And candle's own way is whole again.
    assert!(params.iter().all(|p| loss().backward().unwrap().get(&p.var).is_some()));
}

#[test]
fn a_panic_on_the_way_back_leaves_candles_way_whole() {
    struct Bad;
    impl candle_core::CustomOp1 for Bad {
        fn name(&self) -> &'static str {
            "bad"
        }
        fn cpu_fwd(
            &self,
            x: &candle_core::CpuStorage,
            layout: &candle_core::Layout,
        ) -> candle_core::Result<(candle_core::CpuStorage, candle_core::Shape)> {
            Ok((x.clone(), layout.shape().clone()))
        }
        fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> candle_core::Result<Option<Tensor>> {
            panic!("on the way back")
        }
    }
    let net = Linear::new(3, 2, &mut Init::seed(3)).unwrap();
    let x = Tensor::ones((4, 3), DType::F32, &candle_core::Device::Cpu).unwrap();
    let out = || net.forward(&x, &Pass::eval()).unwrap();
    let loss = out().apply_op1(Bad).unwrap().sum_all().unwrap();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| backward(&loss).map(drop))).is_err());
    let grads = out().sum_all().unwrap().backward().unwrap();
    assert!(parameters(&net).iter().all(|p| grads.get(&p.var).is_some()));
}

#[test]
fn dropout_and_rope_have_gradients() {
    let mut init = Init::seed(3).dtype(DType::F64);
    let attention = MultiHeadAttention::new(8, 2, &mut init).unwrap().rope().causal().dropout(0.3).unwrap();
    let x = Var::from_tensor(&Stream::new(1).tensor(&[2, 4, 8])).unwrap();
    let f = || Ok(attention.forward(&x, &Pass::train(Rng::seed(5)))?.sqr()?.sum_all()?);
    let params = parameters(&attention);
    let vars: Vec<&Var> = params.iter().map(|p| &p.var).chain([&x]).collect();
    assert!(gradient_error(f, &vars).unwrap() < 2e-7);
}

#[test]
fn a_missing_gradient_is_found() {
    let x = Var::from_tensor(&Stream::new(1).tensor(&[3, 4])).unwrap();
    let f = || Ok(x.detach().sqr()?.sum_all()? + x.sum_all()?).and_then(|t| Ok(t?));
    assert!(gradient_error(f, &[&x]).unwrap() > 0.1);
}

#[test]
fn what_comes_later_does_not_change_what_was_seen() {
    let mut init = Init::seed(3);
    let block = TransformerBlock::new(8, 2, 16, &mut init).unwrap().causal();
    let all = Init::seed(9).tensor(&[1, 5, 8], Draw::Normal(1.0)).unwrap();
    let part = all.narrow(1, 0, 3).unwrap();
    let whole = block.forward(&all, &Pass::eval()).unwrap().narrow(1, 0, 3).unwrap();
    let alone = block.forward(&part, &Pass::eval()).unwrap();
    let difference = (whole - alone).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert!(difference < 1e-6, "{difference}");
}

#[test]
fn dropout_drops_its_share_and_only_while_training() {
    let x = Tensor::ones((200, 200), DType::F32, &candle_core::Device::Cpu).unwrap();
    let layer = Dropout::new(0.3).unwrap();
    let out = |seed| {
        layer.forward(&x, &Pass::train(Rng::seed(seed))).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let first = out(1);
    let kept = first.iter().filter(|v| **v != 0.0).count() as f64 / 40_000.0;
    assert!((kept - 0.7).abs() < 0.01, "{kept}");
    assert!(first.iter().all(|v| *v == 0.0 || (*v - 1.0 / 0.7).abs() < 1e-6));
    assert_eq!(first, out(1));
    assert_ne!(first, out(2));
    let same = layer.forward(&x, &Pass::eval()).unwrap();
    assert_eq!(same.sum_all().unwrap().to_scalar::<f32>().unwrap(), 40_000.0);
}
