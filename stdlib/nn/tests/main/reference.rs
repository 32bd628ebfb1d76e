//! Layers and losses against PyTorch: outputs and all gradients.

use crate::stream::{Stream, close, reference};
use candle_core::{DType, Device, Tensor, Var};
use ironbook_nn::*;
use serde_json::Value;

fn init() -> Init {
    Init::seed(0).dtype(DType::F64)
}

/// Every layer that the reference has, by its name there.
pub fn layers() -> Vec<(&'static str, Box<dyn Module>)> {
    layers_by(init())
}

/// The same, made by `init`: of its type, on its device.
pub fn layers_by(mut init: Init) -> Vec<(&'static str, Box<dyn Module>)> {
    let i = &mut init;
    let conv = |a, b, k, i: &mut Init| Conv2d::new(a, b, k, i).unwrap();
    vec![
        ("linear", Box::new(Linear::new(5, 3, i).unwrap())),
        ("linear_3d", Box::new(Linear::new(5, 3, i).unwrap())),
        (
            "linear_relu",
            Box::new(Sequential::new().add(Linear::new(5, 7, i).unwrap()).add(Relu).add(Linear::new(7, 2, i).unwrap())),
        ),
        ("conv2d", Box::new(conv(2, 3, 3, i))),
        ("conv2d_padded", Box::new(conv(2, 4, 3, i).stride(2).padding(1))),
        ("conv2d_dilated", Box::new(conv(2, 3, 2, i).dilation(2).padding(1))),
        ("conv2d_grouped", Box::new(Conv2d::grouped(4, 6, 3, 2, i).unwrap().padding(1))),
        ("conv1d", Box::new(Conv1d::new(3, 4, 3, i).unwrap().stride(2).padding(1))),
        (
            "conv_relu_pool",
            Box::new(Sequential::new().add(conv(2, 3, 3, i).padding(1)).add(Relu).add(MaxPool2d::new(2))),
        ),
        (
            "conv_relu_pool_wide",
            Box::new(
                Sequential::new()
                    .add(conv(8, 18, 3, i).padding(1))
                    .add(Relu)
                    .add(MaxPool2d::new(3).stride(2).padding(1)),
            ),
        ),
        ("conv_pool", Box::new(Sequential::new().add(conv(4, 5, 2, i).stride(2)).add(MaxPool2d::new(2)))),
        (
            "conv_pool_dilated",
            Box::new(
                Sequential::new()
                    .add(conv(4, 6, 2, i).dilation(2).padding(1))
                    .add(Relu)
                    .add(MaxPool2d::new(2).stride(1)),
            ),
        ),
        (
            "linear_chain",
            Box::new(
                Sequential::new()
                    .add(Linear::new(5, 7, i).unwrap())
                    .add(Relu)
                    .add(Linear::new(7, 6, i).unwrap())
                    .add(Linear::new(6, 4, i).unwrap())
                    .add(Relu)
                    .add(Linear::new(4, 3, i).unwrap())
                    .add(Relu),
            ),
        ),
        ("max_pool", Box::new(MaxPool2d::new(2))),
        ("max_pool_padded", Box::new(MaxPool2d::new(3).stride(2).padding(1))),
        ("avg_pool", Box::new(AvgPool2d::new(2))),
        ("avg_pool_padded", Box::new(AvgPool2d::new(3).stride(2).padding(1))),
        ("layer_norm", Box::new(LayerNorm::new(6, i).unwrap())),
        ("rms_norm", Box::new(RmsNorm::new(6, i).unwrap())),
        ("group_norm", Box::new(GroupNorm::new(2, 4, i).unwrap())),
        ("batch_norm", Box::new(BatchNorm::new(3, i).unwrap())),
        ("batch_norm_1d", Box::new(BatchNorm::new(3, i).unwrap())),
        ("relu", Box::new(Relu)),
        ("gelu", Box::new(Gelu)),
        ("silu", Box::new(Silu)),
        ("sigmoid", Box::new(Sigmoid)),
        ("tanh", Box::new(Tanh)),
        ("gelu_tanh", Box::new(Function(ops::gelu_tanh))),
        ("softplus", Box::new(Function(ops::softplus))),
        ("softmax", Box::new(Function(ops::softmax))),
        ("log_softmax", Box::new(Function(ops::log_softmax))),
        ("attention", Box::new(MultiHeadAttention::new(8, 2, i).unwrap())),
        ("attention_causal", Box::new(MultiHeadAttention::new(8, 2, i).unwrap().causal())),
        ("block", Box::new(TransformerBlock::new(8, 2, 12, i).unwrap())),
        ("block_causal", Box::new(TransformerBlock::new(8, 2, 12, i).unwrap().causal())),
    ]
}

/// A function as a layer.
struct Function(fn(&Tensor) -> Result<Tensor, NnError>);

impl Module for Function {
    fn forward(&self, x: &Tensor, _: &Pass) -> Result<Tensor, NnError> {
        (self.0)(x)
    }
    fn visit(&self, _: &mut Visitor<'_>) {}
}

/// Input, weights and probe of a layer as the reference made them.
pub fn setup(name: &str, layer: &dyn Module, case: &Value) -> (Var, Stream) {
    let dims: Vec<usize> = case["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let mut stream = Stream::new(name.len() as u64);
    let x = Var::from_tensor(&(stream.tensor(&dims) * 3.0).unwrap()).unwrap();
    let params = parameters(layer);
    let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
    let expected: Vec<&str> = case["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    assert_eq!(names, expected, "{name}: the names are not PyTorch's");
    params.iter().for_each(|p| p.var.set(&stream.tensor(p.var.dims())).unwrap());
    (x, stream)
}

#[test]
fn outputs_and_gradients_are_pytorchs() {
    let reference = reference();
    let layers = layers();
    assert_eq!(layers.len(), reference["layers"].as_object().unwrap().len());
    for (name, layer) in layers {
        let case = &reference["layers"][name];
        let (x, mut stream) = setup(name, &*layer, case);
        let out = layer.forward(&x, &Pass::train(Rng::seed(0))).unwrap();
        close(&out, &case["output"], 1e-10, &format!("{name}: output"));
        let probe = stream.tensor(out.dims());
        let grads = (&out * probe).unwrap().sum_all().unwrap().backward().unwrap();
        close(grads.get(&x).unwrap(), &case["of_input"], 1e-10, &format!("{name}: gradient of the input"));
        for param in parameters(&*layer) {
            let grad = grads.get(&param.var).unwrap_or_else(|| panic!("{name}: no gradient of {}", param.name));
            close(grad, &case["grads"][&param.name], 1e-10, &format!("{name}: gradient of {}", param.name));
        }
        for buffer in variables(&*layer).iter().filter(|v| case.get(&v.name).is_some()) {
            close(&buffer.var, &case[&buffer.name], 1e-12, &format!("{name}: {}", buffer.name));
        }
        if case.get("eval").is_some() {
            let out = layer.forward(&x, &Pass::eval()).unwrap();
            close(&out, &case["eval"], 1e-10, &format!("{name}: output by the running moments"));
        }
    }
}

#[test]
fn embeddings_are_pytorchs() {
    let case = &reference()["embedding"];
    let mut stream = Stream::new(9);
    let layer = Embedding { weight: Var::from_tensor(&stream.tensor(&[5, 3])).unwrap() };
    let index = Tensor::new(&[[0u32, 3, 3], [4, 0, 1]], &Device::Cpu).unwrap();
    let out = layer.forward(&index, &Pass::eval()).unwrap();
    close(&out, &case["output"], 1e-12, "output");
    let grads = (&out * stream.tensor(&[2, 3, 3])).unwrap().sum_all().unwrap().backward().unwrap();
    close(grads.get(&layer.weight).unwrap(), &case["of_weight"], 1e-12, "gradient");
}

#[test]
fn rope_turns_pairs() {
    let case = &reference()["rope"];
    let mut stream = Stream::new(4);
    let x = Var::from_tensor(&stream.tensor(&[2, 3, 5, 6])).unwrap();
    let out = ops::rope(&x, 0, 10_000.0).unwrap();
    close(&out, &case["output"], 1e-12, "output");
    let grads = (&out * stream.tensor(&[2, 3, 5, 6])).unwrap().sum_all().unwrap().backward().unwrap();
    close(grads.get(&x).unwrap(), &case["of_input"], 1e-12, "gradient");
    // A later start is the end of a longer sequence.
    let tail = ops::rope(&x.narrow(2, 2, 3).unwrap(), 2, 10_000.0).unwrap();
    let difference = (tail - out.narrow(2, 2, 3).unwrap()).unwrap().abs().unwrap().max_all().unwrap();
    assert!(difference.to_scalar::<f64>().unwrap() < 1e-12);
}

#[test]
fn losses_are_pytorchs() {
    let reference = &reference()["losses"];
    let mut stream = Stream::new(5);
    let x = Var::from_tensor(&(stream.tensor(&[6, 4]) * 2.0).unwrap()).unwrap();
    let t = ((stream.tensor(&[6, 4]) + 1.0).unwrap() / 2.0).unwrap();
    let w = (stream.tensor(&[6]) + 1.5).unwrap();
    let y = Tensor::new(&[0u32, 1, 2, 3, 1, 1], &Device::Cpu).unwrap();
    let smooth = CrossEntropy { smoothing: 0.1 };
    let cases: Vec<(&str, Box<dyn Loss>, &Tensor)> = vec![
        ("cross_entropy", Box::new(CrossEntropy::default()), &y),
        ("cross_entropy_smooth", Box::new(smooth), &y),
        ("bce", Box::new(BceWithLogits), &t),
        ("mse", Box::new(Mse), &t),
        ("huber", Box::new(Huber { delta: 0.7 }), &t),
    ];
    for (name, loss, target) in cases {
        let weighted = format!("{name}_weighted");
        for (name, value) in
            [(name, loss.mean(&x, target).unwrap()), (weighted.as_str(), loss.weighted(&x, target, &w).unwrap())]
        {
            let expected = reference[name]["loss"].as_f64().unwrap();
            let found = value.to_scalar::<f64>().unwrap();
            assert!((found - expected).abs() < 1e-12, "{name}: {found} instead of {expected}");
            // Three times the loss, so that the gradient that comes in is not 1.
            let grads = (value * 3.0).unwrap().backward().unwrap();
            let grad = (grads.get(&x).unwrap() / 3.0).unwrap();
            close(&grad, &reference[name]["of_output"], 1e-12, name);
        }
    }
}
