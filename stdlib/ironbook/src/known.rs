//! What the library knows of types that are not its own: how they are shown, and the causes of their errors.

use candle_core::{DType, Device, DeviceLocation, Tensor, Var};
use ironbook_core::error::register_chain;
use ironbook_core::{Bundle, registry, rt};
use std::any::Any;

/// Registers how values of other libraries are shown; the runtime calls it once, before the first cell.
pub fn init() {
    rt::set_worker_test(|| rayon::current_thread_index().is_some());
    registry::register::<Tensor>(show::<Tensor>, inspect::<Tensor>);
    registry::register::<Var>(show::<Var>, inspect::<Var>);
    registry::register::<Device>(show_device, |_| (None, 0));
    ironbook_data::register();
    ironbook_plot::register();
    register_chain::<candle_core::Error>();
    register_chain::<serde_json::Error>();
    register_chain::<ironbook_core::PersistError>();
    register_chain::<ironbook_eval::EvalError>();
    register_chain::<ironbook_explain::ExplainError>();
    register_chain::<ironbook_features::FeatureError>();
    register_chain::<ironbook_learn::LearnError>();
    register_chain::<ironbook_nn::NnError>();
    register_chain::<ironbook_plot::PlotError>();
    register_chain::<ironbook_track::Error>();
}

/// A tensor, or what wraps one.
trait AsTensor: Any {
    fn tensor(&self) -> &Tensor;
}

impl AsTensor for Tensor {
    fn tensor(&self) -> &Tensor {
        self
    }
}

impl AsTensor for Var {
    fn tensor(&self) -> &Tensor {
        self.as_tensor()
    }
}

/// Values (shortened above a thousand elements), then shape, dtype and device.
fn show<T: AsTensor>(any: &dyn Any) -> Bundle {
    let Some(tensor) = any.downcast_ref::<T>().map(T::tensor) else { return Bundle::default() };
    // candle's own last line, which leaves the CPU out, is replaced.
    let text = tensor.to_string();
    let values = text.rfind("Tensor[").map_or("", |at| &text[..at]);
    Bundle::text(format!("{values}Tensor {}", extent(tensor)))
}

fn inspect<T: AsTensor>(any: &dyn Any) -> (Option<String>, u64) {
    any.downcast_ref::<T>().map(T::tensor).map_or((None, 0), |tensor| {
        let bytes = tensor.elem_count() * bits(tensor.dtype()) / 8;
        (Some(extent(tensor)), bytes as u64)
    })
}

/// For instance `2 x 3, f32, cpu`.
fn extent(tensor: &Tensor) -> String {
    let dims: Vec<String> = tensor.dims().iter().map(ToString::to_string).collect();
    let dims = if dims.is_empty() { "scalar".to_owned() } else { dims.join(" x ") };
    format!("{dims}, {}, {}", tensor.dtype().as_str(), place(tensor.device()))
}

/// candle gives dtypes below a byte a size of zero.
fn bits(dtype: DType) -> usize {
    match dtype {
        DType::F4 => 4,
        DType::F6E2M3 | DType::F6E3M2 => 6,
        other => 8 * other.size_in_bytes(),
    }
}

fn place(device: &Device) -> String {
    match device.location() {
        DeviceLocation::Cpu => "cpu".to_owned(),
        DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

fn show_device(any: &dyn Any) -> Bundle {
    any.downcast_ref::<Device>().map_or_else(Bundle::default, |device| Bundle::text(place(device)))
}
