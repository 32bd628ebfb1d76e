//! title: not all of a cell of parameters is a constant
//! target: means
//! verdict: promotes
//! stages-cells: 1 2
//! parameters: scale
//! data: sales=data/sales.csv

// %% 1 tags=parameters
let scale = 2.5f64;
let device = Device::Cpu;
// %% 2
let amounts: Vec<f64> = read_csv("data/sales.csv")?.floats("month")?;
let means: Vec<f64> = (Tensor::new(amounts, &device)? * scale)?.mean_all()?.reshape(1)?.to_vec1()?;
