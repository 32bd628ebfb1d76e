//! title: tensors, and a matrix product
//! target: projected
//! verdict: promotes
//! stages-cells: 1 2 3
//! dropped: 4
//! data: patients=data/patients.csv

// %% 1
let patients = read_csv("data/patients.csv")?;
let matrix = Matrix::from_frame(&patients, &["age", "bmi", "stay"])?;
// %% 2
let x = Tensor::from_slice(matrix.data(), (3, matrix.rows()), &Device::Cpu)?.t()?;
let centred = x.broadcast_sub(&x.mean_keepdim(0)?)?.contiguous()?;
// %% 3
let projected = centred.matmul(&Tensor::new(&[[0.5], [0.25], [0.25]], &Device::Cpu)?)?;
// %% 4
projected.dims()
