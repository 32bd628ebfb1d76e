//! title: a layer of candle is trained by hand; its weights are shared
//! target: loss
//! verdict: promotes
//! stages-cells: 1 2 3
//! merged: 1 2 3

// %% 1
use ironbook::candle_nn::{self, Module, Optimizer, SGD, VarBuilder, VarMap};
let x = Tensor::new(&[[1f32], [2.0], [3.0]], &Device::Cpu)?;
let y = (&x * 2.0)?;
let weights = Var::from_tensor(&Tensor::zeros((1, 1), DType::F32, &Device::Cpu)?)?;
// %% 2
let mut optimizer = SGD::new(vec![weights.clone()], 0.05)?;
for _ in 0..20 {
    let loss = (x.matmul(weights.as_tensor())? - &y)?.sqr()?.mean_all()?;
    optimizer.backward_step(&loss)?;
}
// %% 3
let loss = (x.matmul(weights.as_tensor())? - &y)?.sqr()?.mean_all()?.to_scalar::<f32>()?;
