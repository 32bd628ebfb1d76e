//! Tensors and models on disk: numbers behind a line of JSON, and the models' own JSON.

use candle_core::{CpuStorage, DType, Device, DeviceLocation, Storage, Tensor, Var};
use ironbook_core::inspect::Inspect;
use ironbook_core::keep::{self, Detached, Keeper, Known};
use ironbook_core::rt::{Measure, Show};
use ironbook_core::{Display, Persist, registry};
use ironbook_features::{Featured, FittedPipeline, Pipeline};
use ironbook_learn as learn;
use ironbook_nn::{MlpClassifier, MlpRegressor, Sequential};
use ironbook_tune::{Best, Study};
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io::{self, Write};
use std::str::FromStr as _;

/// Numbers written at once.
const CHUNK: usize = 1 << 16;

/// What stands before a tensor's numbers.
#[derive(Serialize, Deserialize)]
struct Head {
    dtype: String,
    shape: Vec<usize>,
    place: Place,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Place {
    Cpu,
    Cuda(usize),
    Metal(usize),
}

impl Place {
    fn of(tensor: &Tensor) -> Place {
        match tensor.device().location() {
            DeviceLocation::Cpu => Place::Cpu,
            DeviceLocation::Cuda { gpu_id } => Place::Cuda(gpu_id),
            DeviceLocation::Metal { gpu_id } => Place::Metal(gpu_id),
        }
    }

    fn device(self) -> candle_core::Result<Device> {
        match self {
            Place::Cpu => Ok(Device::Cpu),
            Place::Cuda(number) => Device::new_cuda(number),
            Place::Metal(number) => Device::new_metal(number),
        }
    }
}

fn write_tensor(tensor: &Tensor, to: &mut dyn Write) -> io::Result<()> {
    let (dtype, shape) = (tensor.dtype().as_str().to_owned(), tensor.dims().to_vec());
    serde_json::to_writer(&mut *to, &Head { dtype, shape, place: Place::of(tensor) })?;
    to.write_all(b"\n")?;
    let here = tensor.to_device(&Device::Cpu).and_then(|tensor| tensor.contiguous()).map_err(io::Error::other)?;
    let (storage, layout) = here.storage_and_layout();
    let (Storage::Cpu(storage), Some((from, until))) = (&*storage, layout.contiguous_offsets()) else {
        return Err(io::Error::other("candle left the tensor where it was"));
    };
    macro_rules! write { // `to_le_bytes` is of no trait
        ($($kind:ident),+) => {
            match storage {
                $(CpuStorage::$kind(all) => all[from..until].chunks(CHUNK).try_for_each(|chunk| {
                    to.write_all(&chunk.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
                }),)+
                _ => Err(io::Error::other("numbers of a kind that is not kept")),
            }
        };
    }
    write!(U8, U32, I16, I32, I64, BF16, F16, F32, F64)
}

fn read_tensor(bytes: &[u8]) -> io::Result<Tensor> {
    let invalid = |error: String| io::Error::new(io::ErrorKind::InvalidData, error);
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| invalid("no head".to_owned()))?;
    let head: Head = serde_json::from_slice(&bytes[..end])?;
    let dtype = DType::from_str(&head.dtype).map_err(|error| invalid(error.to_string()))?;
    let device = head.place.device().map_err(|error| invalid(format!("it was on a GPU that is not there: {error}")))?;
    Tensor::from_raw_buffer(&bytes[end + 1..], dtype, &head.shape, &device).map_err(|error| invalid(error.to_string()))
}

fn objection(tensor: &Tensor) -> Option<&'static str> {
    let kept =
        [DType::U8, DType::U32, DType::I16, DType::I32, DType::I64, DType::BF16, DType::F16, DType::F32, DType::F64];
    if tensor.track_op() {
        Some("a tensor with its way to gradients; `.detach()` is the value alone")
    } else if kept.contains(&tensor.dtype()) {
        None
    } else {
        Some("numbers of a kind that is not kept")
    }
}

/// The first entries of a tensor along its first dimension.
fn first_rows(tensor: &Tensor, rows: usize) -> Option<Tensor> {
    let all = *tensor.dims().first()?;
    if all > rows { tensor.narrow(0, 0, rows).ok() } else { None }
}

fn registered<T: Any>() -> (Show, Measure) {
    let show = Show::of::<T>(|value| registry::show(value).unwrap_or_default());
    let measure =
        Measure::of::<T>(|value| registry::entry(value.type_id()).map_or((None, 0), |entry| (entry.inspect)(value)));
    (show, measure)
}

/// A model, as its file would hold it.
fn model<M: Persist + Any>(ways: (Show, Measure)) {
    let write = |model: &M, to: &mut dyn Write| serde_json::to_writer(to, model).map_err(io::Error::from);
    let read = |bytes: &[u8]| serde_json::from_slice::<M>(bytes).map_err(io::Error::from);
    keep::register::<M>(Known::Kept(Keeper::new(write, read, ways).owned::<M>()));
}

fn fitted<M: Persist + Display + Inspect + Any>() {
    let of = |model: &M| (model.shape(), model.heap_bytes());
    model::<M>((Show::of::<M>(M::bundle), Measure::of::<M>(of)));
    let featured = (Show::of::<Featured<M>>(Featured::bundle), Measure::of::<Featured<M>>(|_| (None, 0)));
    model::<Featured<M>>(featured);
}

macro_rules! models { // a call for each type of a list
    ($($model:ty),+ $(,)?) => { $( fitted::<$model>(); )+ };
}

/// Registers how they are kept.
pub(crate) fn register() {
    let tensor = Keeper::new(write_tensor, read_tensor, registered::<Tensor>()).except(objection).may_alias().detached(
        |tensor: &Tensor| {
            let tensor = tensor.clone();
            Some(Box::new(move |to: &mut dyn Write| write_tensor(&tensor, to)) as Detached)
        },
    );
    keep::register::<Tensor>(Known::Kept(tensor.owned::<Tensor>()));
    keep::register_sampler::<Tensor>(first_rows);
    keep::register::<Var>(Known::Never("what a training changes; `.as_tensor().copy()?` is the value alone"));
    keep::register::<Sequential>(Known::Never("a network is code and weights; `nn::save_weights` keeps the weights"));
    models!(
        learn::MajorityBaseline,
        learn::MeanBaseline,
        learn::LinearRegression,
        learn::Ridge,
        learn::ElasticNet,
        learn::LogisticRegression,
        learn::DecisionTree,
        learn::DecisionTreeRegressor,
        learn::RandomForest,
        learn::RandomForestRegressor,
        learn::Gbdt,
        learn::GbdtRegressor,
        learn::GbdtRanker,
        MlpClassifier,
        MlpRegressor,
    );
    let ways = (Show::of::<Best>(Best::bundle), Measure::of::<Best>(|best| (best.shape(), 0)));
    let write = |best: &Best, to: &mut dyn Write| serde_json::to_writer(to, best).map_err(io::Error::from);
    let read = |bytes: &[u8]| serde_json::from_slice::<Best>(bytes).map_err(io::Error::from);
    keep::register::<Best>(Known::Kept(Keeper::new(write, read, ways).owned::<Best>()));
    keep::register::<Study>(Known::Never("a study works on; a storage keeps it: `--storage sqlite:///study.db`"));
    let ways = (Show::of::<FittedPipeline>(FittedPipeline::bundle), Measure::of::<FittedPipeline>(|_| (None, 0)));
    model::<FittedPipeline>(ways);
    let ways = (Show::of::<Pipeline>(Pipeline::bundle), Measure::of::<Pipeline>(|_| (None, 0)));
    model::<Pipeline>(ways);
}
