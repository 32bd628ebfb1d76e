//! How tensors show themselves: values, shape, dtype, device, and statistics where they are cheap.

use candle_core::{DType, Device, DeviceLocation, Result, Tensor, Var};
use ironbook_core::bundle::escape_html;
use ironbook_core::table::{Table, number};
use ironbook_core::{Bundle, registry};
use std::any::Any;

/// Values that statistics look at; of more, a sample of this many is taken.
const MOST: usize = 1 << 20;

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

/// Registers tensors and devices.
pub(crate) fn register() {
    registry::register::<Tensor>(show::<Tensor>, inspect::<Tensor>);
    registry::register::<Var>(show::<Var>, inspect::<Var>);
    registry::register::<Device>(show_device, |_| (None, 0));
}

fn show<T: AsTensor>(any: &dyn Any) -> Bundle {
    any.downcast_ref::<T>().map_or_else(Bundle::default, |value| bundle(value.tensor()))
}

/// Values (shortened above a thousand elements), then shape, dtype and device, then statistics.
fn bundle(tensor: &Tensor) -> Bundle {
    let title = format!("Tensor {}", extent(tensor));
    if let Some(value) = scalar(tensor) {
        return Bundle::text(format!("{value}\n{title}"));
    }
    // candle's own last line, which leaves the CPU out, is replaced.
    let text = tensor.to_string();
    let values = text.rfind("Tensor[").map_or("", |at| text[..at].trim_end());
    let statistics = Statistics::of(tensor);
    let lines = [values, &title, &statistics.line()];
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let table = statistics.table(title.clone()).bundle();
    let html = format!(
        "<div class=\"ironbook-tensor\">{}<pre style=\"margin:4px 0 0;max-height:24em;overflow:auto;background:transparent;font-family:var(--jp-code-font-family,monospace)\">\
         {}</pre></div>",
        table.get("text/html").unwrap_or_default(),
        escape_html(values)
    );
    Bundle::text(lines.join("\n")).html(html)
}

/// The value of a tensor without dimensions.
fn scalar(tensor: &Tensor) -> Option<String> {
    if tensor.rank() > 0 {
        return None;
    }
    let exact = match tensor.dtype() {
        DType::U8 | DType::U32 | DType::I16 | DType::I32 | DType::I64 => {
            tensor.to_dtype(DType::I64).and_then(|t| t.to_scalar::<i64>()).map(|v| v.to_string())
        }
        DType::F64 => tensor.to_scalar::<f64>().map(|v| v.to_string()),
        _ => tensor.to_dtype(DType::F32).and_then(|t| t.to_scalar::<f32>()).map(|v| v.to_string()),
    };
    exact.ok()
}

/// What the values of a tensor are like.
#[derive(Default)]
struct Statistics {
    /// Name and value, in words.
    list: Vec<(&'static str, String)>,
    /// Whether it is a sample, or why there are none.
    remark: Option<String>,
}

impl Statistics {
    fn of(tensor: &Tensor) -> Self {
        let count = tensor.elem_count();
        let remark = |text: String| Statistics { list: Vec::new(), remark: Some(text) };
        match count {
            0 => return remark("it has no values".to_owned()),
            1 => return Statistics::default(),
            _ => {}
        }
        let here = matches!(tensor.device(), Device::Cpu);
        if count > MOST && !(here && tensor.is_contiguous()) {
            return remark("statistics left out: the values are many and not at hand".to_owned());
        }
        match sample(tensor) {
            Ok(values) => Statistics::from(&values, count),
            Err(_) => remark(format!("statistics left out: candle does not convert {}", tensor.dtype().as_str())),
        }
    }

    fn from(values: &[f64], count: usize) -> Self {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let n = finite().count() as f64;
        let mut list = Vec::new();
        if n > 0.0 {
            // Halves, so that the sum of large values does not overflow.
            let mean = finite().map(|v| v / n).sum::<f64>();
            let variance = finite().map(|v| (v - mean) * (v - mean) / n).sum::<f64>();
            list.push(("min", number(finite().fold(f64::INFINITY, f64::min))));
            list.push(("max", number(finite().fold(f64::NEG_INFINITY, f64::max))));
            list.push(("mean", number(mean)));
            list.push(("std", number(variance.sqrt())));
        }
        let share = |count: usize| format!("{:.1}%", 100.0 * count as f64 / values.len() as f64);
        list.push(("zeros", share(values.iter().filter(|v| **v == 0.0).count())));
        for (name, bad) in [
            ("NaN", values.iter().filter(|v| v.is_nan()).count()),
            ("inf", values.iter().filter(|v| v.is_infinite()).count()),
        ] {
            if bad > 0 {
                list.push((name, if values.len() == count { bad.to_string() } else { share(bad) }));
            }
        }
        let remark = (values.len() < count).then(|| format!("of a sample of {} of {count} values", values.len()));
        Statistics { list, remark }
    }

    fn line(&self) -> String {
        let list: Vec<String> = self.list.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let remark = self.remark.as_deref().unwrap_or_default();
        match (list.is_empty(), remark) {
            (false, "") => list.join(", "),
            (false, remark) => format!("{} ({remark})", list.join(", ")),
            (true, remark) => remark.to_owned(),
        }
    }

    fn table(&self, title: String) -> Table {
        let names: Vec<&str> = self.list.iter().map(|(name, _)| *name).collect();
        let mut table = Table::new(title, &names);
        if !self.list.is_empty() {
            table.row(self.list.iter().map(|(_, value)| value.clone()));
        }
        if let Some(remark) = &self.remark {
            table.note(remark.clone());
        }
        table
    }
}

/// All values, or a sample at equal distances.
fn sample(tensor: &Tensor) -> Result<Vec<f64>> {
    let flat = tensor.flatten_all()?;
    let count = tensor.elem_count();
    let flat = if count > MOST {
        let at = (0..MOST).map(|i| (i as u128 * count as u128 / MOST as u128) as i64);
        flat.index_select(&Tensor::from_iter(at, &Device::Cpu)?, 0)?
    } else {
        flat
    };
    flat.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec1()
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
