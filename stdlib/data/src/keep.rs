//! Frames, matrices and datasets on disk: Arrow's file format, and plain numbers behind a head of JSON.

use crate::dataset::Dataset;
use crate::kind::Kind;
use crate::matrix::Matrix;
use ironbook_core::keep::{self, Detached, Keeper, Known};
use ironbook_core::rt::{Measure, Show};
use ironbook_core::{Display, inspect::Inspect, registry};
use polars::prelude::{
    Column, CompatLevel, DataFrame, IntoColumn as _, IpcReader, IpcWriter, LazyFrame, SerReader as _, SerWriter as _,
    Series,
};
use polars::series::IsSorted;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::io::{self, Cursor, Write};

fn write_frame(df: &DataFrame, to: &mut dyn Write) -> io::Result<()> {
    let mut writer = IpcWriter::new(to).with_compat_level(CompatLevel::newest());
    // A batch for each chunk, once all columns have the same; a copy of the handles is all that changes.
    writer.finish(&mut df.clone()).map_err(io::Error::other)
}

/// The bytes are those that were written, as their digest says: polars believes the lengths in them.
fn read_frame(bytes: &[u8]) -> io::Result<DataFrame> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, format!("{error}"));
    IpcReader::new(Cursor::new(bytes)).set_rechunk(false).finish().map_err(invalid)
}

/// As a frame is read back: the same chunks in all columns, each value in its place, nothing known of their order. Sums go by
/// chunk and algorithms are chosen by order, so that otherwise the same bytes could give other last digits.
fn settled(df: &DataFrame) -> DataFrame {
    let columns = df.columns().iter().map(|column| settled_series(column.as_materialized_series()).into_column());
    // They are those of a frame.
    let mut df = DataFrame::new(df.height(), columns.collect()).unwrap_or_else(|_| df.clone());
    df.align_chunks_par();
    df
}

fn settled_series(series: &Series) -> Series {
    let mut series = series.clone();
    series.set_sorted_flag(IsSorted::Not);
    series
}

/// Frames share their memory, and copy it before they change it.
fn later(df: DataFrame) -> Option<Detached> {
    Some(Box::new(move |to: &mut dyn Write| write_frame(&df, to)))
}

fn only_column(df: DataFrame) -> io::Result<Column> {
    df.into_columns().pop().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no column"))
}

/// A registered type shows itself as the registry says.
fn ways<T: Any>() -> (Show, Measure) {
    let show = Show::of::<T>(|value| registry::show(value).unwrap_or_default());
    let measure =
        Measure::of::<T>(|value| registry::entry(value.type_id()).map_or((None, 0), |entry| (entry.inspect)(value)));
    (show, measure)
}

fn own_ways<T: Display + Inspect + Any>() -> (Show, Measure) {
    (Show::of::<T>(T::bundle), Measure::of::<T>(|value| (value.shape(), value.heap_bytes())))
}

#[derive(Serialize, Deserialize)]
struct MatrixHead {
    names: Vec<String>,
    kinds: Vec<Kind>,
    rows: usize,
}

#[derive(Serialize, Deserialize)]
struct DatasetHead {
    matrix: MatrixHead,
    target_name: String,
    classes: Option<Vec<String>>,
    weights: bool,
    groups: bool,
}

/// A head of JSON with its length before it.
fn write_head(head: &impl Serialize, to: &mut dyn Write) -> io::Result<()> {
    let json = serde_json::to_vec(head)?;
    to.write_all(&(json.len() as u64).to_le_bytes())?;
    to.write_all(&json)
}

fn read_head<'a, H: Deserialize<'a>>(bytes: &mut &'a [u8]) -> io::Result<H> {
    let len = u64::from_le_bytes(take(bytes, 8)?.try_into().map_err(io::Error::other)?);
    let len = usize::try_from(len).map_err(io::Error::other)?;
    Ok(serde_json::from_slice(take(bytes, len)?)?)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> io::Result<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(len).ok_or_else(damaged)?;
    *bytes = rest;
    Ok(first)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the bytes are no value of this type")
}

/// Values written at once.
const CHUNK: usize = 1 << 16;

fn write_numbers(values: &[f64], to: &mut dyn Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(8 * CHUNK.min(values.len()));
    for chunk in values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        to.write_all(&bytes)?;
    }
    Ok(())
}

fn read_numbers(bytes: &mut &[u8], count: usize) -> io::Result<Vec<f64>> {
    let bytes = take(bytes, count.checked_mul(8).ok_or_else(damaged)?)?;
    let number = |bytes: &[u8]| bytes.try_into().map_or(f64::NAN, f64::from_le_bytes);
    Ok(bytes.chunks_exact(8).map(number).collect())
}

fn matrix_head(matrix: &Matrix) -> MatrixHead {
    MatrixHead { names: matrix.names().to_vec(), kinds: matrix.kinds().to_vec(), rows: matrix.rows() }
}

fn write_matrix(matrix: &Matrix, to: &mut dyn Write) -> io::Result<()> {
    write_head(&matrix_head(matrix), to)?;
    write_numbers(matrix.data(), to)
}

fn read_matrix(mut bytes: &[u8]) -> io::Result<Matrix> {
    let head = read_head(&mut bytes)?;
    let matrix = matrix_of(head, &mut bytes)?;
    if bytes.is_empty() { Ok(matrix) } else { Err(damaged()) }
}

fn matrix_of(head: MatrixHead, bytes: &mut &[u8]) -> io::Result<Matrix> {
    let MatrixHead { names, kinds, rows } = head;
    let count = rows.checked_mul(names.len()).ok_or_else(damaged)?;
    let data = read_numbers(bytes, count)?;
    Matrix::from_parts(names, kinds, rows, data).ok_or_else(damaged)
}

fn write_dataset(dataset: &Dataset, to: &mut dyn Write) -> io::Result<()> {
    let head = DatasetHead {
        matrix: matrix_head(&dataset.features),
        target_name: dataset.target_name.clone(),
        classes: dataset.classes.clone(),
        weights: dataset.weights.is_some(),
        groups: dataset.groups.is_some(),
    };
    write_head(&head, to)?;
    write_numbers(dataset.features.data(), to)?;
    write_numbers(&dataset.target, to)?;
    if let Some(weights) = &dataset.weights {
        write_numbers(weights, to)?;
    }
    if let Some(groups) = &dataset.groups {
        let bytes: Vec<u8> = groups.iter().flat_map(|group| group.to_le_bytes()).collect();
        to.write_all(&bytes)?;
    }
    Ok(())
}

fn read_dataset(mut bytes: &[u8]) -> io::Result<Dataset> {
    let head: DatasetHead = read_head(&mut bytes)?;
    let rows = head.matrix.rows;
    let features = matrix_of(head.matrix, &mut bytes)?;
    let target = read_numbers(&mut bytes, rows)?;
    let weights = if head.weights { Some(read_numbers(&mut bytes, rows)?) } else { None };
    let groups = if head.groups {
        let bytes = take(&mut bytes, rows.checked_mul(4).ok_or_else(damaged)?)?;
        let group = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        Some(bytes.chunks_exact(4).map(group).collect())
    } else {
        None
    };
    let (target_name, classes) = (head.target_name, head.classes);
    let dataset = Dataset { features, target, target_name, classes, weights, groups };
    if bytes.is_empty() { Ok(dataset) } else { Err(damaged()) }
}

/// Registers how they are kept.
pub(crate) fn register() {
    let frame = Keeper::new(write_frame, read_frame, ways::<DataFrame>())
        .detached(|df: &DataFrame| later(df.clone()))
        .shared(settled);
    keep::register::<DataFrame>(Known::Kept(frame.owned::<DataFrame>()));
    let write = |column: &Column, to: &mut dyn Write| write_frame(&column.clone().into_frame(), to);
    let read = |bytes: &[u8]| only_column(read_frame(bytes)?);
    let column = Keeper::new(write, read, ways::<Column>())
        .detached(|column: &Column| later(column.clone().into_frame()))
        .shared(|column: &Column| settled_series(column.as_materialized_series()).into_column());
    keep::register::<Column>(Known::Kept(column.owned::<Column>()));
    let write = |series: &Series, to: &mut dyn Write| write_frame(&series.clone().into_frame(), to);
    let read = |bytes: &[u8]| Ok(only_column(read_frame(bytes)?)?.take_materialized_series());
    let series = Keeper::new(write, read, ways::<Series>())
        .detached(|series: &Series| later(series.clone().into_frame()))
        .shared(settled_series);
    keep::register::<Series>(Known::Kept(series.owned::<Series>()));
    keep::register::<LazyFrame>(Known::Never("a query; its cell makes it anew at once"));
    let matrix = Keeper::new(write_matrix, read_matrix, own_ways::<Matrix>())
        .detached(|matrix: &Matrix| {
            let matrix = matrix.clone();
            Some(Box::new(move |to: &mut dyn Write| write_matrix(&matrix, to)))
        })
        .shared(Matrix::clone);
    keep::register::<Matrix>(Known::Kept(matrix.owned::<Matrix>()));
    let dataset = Keeper::new(write_dataset, read_dataset, own_ways::<Dataset>())
        .detached(|dataset: &Dataset| {
            let dataset = dataset.clone();
            Some(Box::new(move |to: &mut dyn Write| write_dataset(&dataset, to)))
        })
        .shared(Dataset::clone);
    keep::register::<Dataset>(Known::Kept(dataset.owned::<Dataset>()));
    keep::register_sampler::<DataFrame>(|df, rows| (df.height() > rows).then(|| df.head(Some(rows))));
    keep::register_sampler::<Column>(|column, rows| (column.len() > rows).then(|| column.head(Some(rows))));
    keep::register_sampler::<Series>(|series, rows| (series.len() > rows).then(|| series.head(Some(rows))));
    keep::register_sampler::<Matrix>(|matrix, rows| {
        (matrix.rows() > rows).then(|| matrix.select_rows(&first_rows(rows)))
    });
    keep::register_sampler::<Dataset>(|data, rows| (data.rows() > rows).then(|| data.select_rows(&first_rows(rows))));
}

fn first_rows(rows: usize) -> Vec<usize> {
    (0..rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ironbook_core::keep::{Cut, cut};
    use polars::prelude::NamedFrom as _;

    fn first<T: Any>(value: &T, rows: usize) -> T {
        match cut(value, rows) {
            Cut::First(first) => *first.downcast().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_has_rows_is_cut_to_the_first_ones() {
        register();
        let numbers = Series::new("a".into(), (0..5000).map(f64::from).collect::<Vec<f64>>());
        let words: Vec<String> = (0..5000).map(|i| format!("a word longer than twelve letters, the {i}th")).collect();
        let words = Series::new("b".into(), words);
        let df = DataFrame::new_infer_height(vec![numbers.clone().into(), words.clone().into()]).unwrap();
        assert!(first(&df, 200).equals(&df.head(Some(200))));
        assert!(first(&numbers, 3).equals(&numbers.head(Some(3))));
        assert!(first(&Column::from(words.clone()), 3).equals(&Column::from(words.head(Some(3)))));
        let matrix = Matrix::from_frame(&df, &["a"]).unwrap();
        assert_eq!(first(&matrix, 2).data(), [0.0, 1.0]);
        let data = Dataset::from_parts(matrix, vec![0.0; 5000], "y").with_groups(vec![1; 5000]);
        let data = first(&data, 2);
        assert_eq!((data.rows(), data.target.len(), data.groups.map(|groups| groups.len())), (2, 2, Some(2)));
        assert!(matches!(cut(&df, 5000), Cut::Whole));
    }

    /// What a stage takes from memory is what it would have taken from the disk, to the last digit and the order of rows.
    #[test]
    fn a_shared_frame_is_as_it_is_read_back() {
        register();
        let part =
            |from: i32| Series::new("a".into(), (from..from + 700).map(|i| f64::from(i).sqrt()).collect::<Vec<_>>());
        let mut numbers = part(0);
        numbers.append(&part(700)).unwrap();
        numbers.set_sorted_flag(IsSorted::Ascending);
        let whole = numbers.rechunk().with_name("b".into());
        let scalar = Column::new_scalar("c".into(), 0.1.into(), 1400);
        let df = DataFrame::new_infer_height(vec![numbers.into(), whole.into(), scalar]).unwrap();
        let Some(Known::Kept(keeper)) = keep::known(std::any::TypeId::of::<DataFrame>()) else { panic!() };
        let mut bytes = Vec::new();
        keeper.write(&df, &mut bytes).unwrap();
        let read = *keeper.read(&bytes).unwrap().downcast::<DataFrame>().unwrap();
        let shared = *keeper.share(&df).unwrap().downcast::<DataFrame>().unwrap();
        assert!(shared.equals(&df));
        for (shared, read) in shared.columns().iter().zip(read.columns()) {
            let (Some(shared), Some(read)) = (shared.as_series(), read.as_series()) else { panic!("a scalar") };
            let lengths = |series: &Series| series.chunk_lengths().collect::<Vec<_>>();
            assert_eq!(lengths(shared), lengths(read), "{}", shared.name());
            assert_eq!(shared.is_sorted_flag(), read.is_sorted_flag(), "{}", shared.name());
            assert_eq!(shared.sum::<f64>().unwrap().to_bits(), read.sum::<f64>().unwrap().to_bits());
        }
        let mut again = Vec::new();
        keeper.write(&shared, &mut again).unwrap();
        assert_eq!(again, bytes);
    }

    #[test]
    fn the_rest_of_a_frame_is_not_written_with_its_first_rows() {
        let words: Vec<String> = (0..5000).map(|i| format!("a word longer than twelve letters, the {i}th")).collect();
        let df = DataFrame::new_infer_height(vec![Series::new("b".into(), words).into()]).unwrap();
        let mut bytes = Vec::new();
        write_frame(&df.head(Some(20)), &mut bytes).unwrap();
        assert!(bytes.len() < 8000, "{}", bytes.len());
        assert!(read_frame(&bytes).unwrap().equals(&df.head(Some(20))));
    }
}
