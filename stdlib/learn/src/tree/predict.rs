//! Fast prediction: an [`Ensemble`] laid out for reading, in blocks of rows over all threads.

use super::ensemble::Ensemble;
use super::group::Groups;
use super::layout::{MISSING, key};
use super::table::{Table, Tables};
use super::walk::{Rows, Walk};
use ironbook_core::Interrupted;
use rayon::prelude::*;
use std::sync::OnceLock;

/// Rows of a block at most: its bins and sums stay in the second cache, a tree's tables are used often enough.
const BLOCK: usize = 1024;
/// Values of a block at most (256 KiB as keys).
const BLOCK_VALUES: usize = 1 << 16;
/// Nodes of a tree from which on trees push each other out of the cache: more rows then share what a tree was read for.
const LARGE_TREE: usize = 4096;
/// Rows of a block of large trees at most, and their values (4 MiB as keys).
const LARGE_BLOCK: usize = 1 << 14;
const LARGE_BLOCK_VALUES: usize = 1 << 20;
/// Fewer rows than this are not worth the tables.
const TABLE_ROWS: usize = 256;
/// Fewer rows than this are predicted one by one.
const FEW_ROWS: usize = 8;

/// What predictions of an ensemble are made with, laid out when first needed; a field of models that is neither saved nor
/// compared.
///
/// Sums are taken in `f64`, tree after tree, whichever way a row is predicted: alone, in a batch, on any number of
/// threads the result is the same, bit for bit.
#[derive(Clone, Debug, Default)]
pub struct Cached {
    walk: OnceLock<Walk>,
    tables: OnceLock<Tables>,
}

/// Always equal: what is cached follows from the model.
impl PartialEq for Cached {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Cached {
    /// The predictor of `ensemble`, which must be the same at each call.
    pub fn of<'a>(&'a self, ensemble: &'a Ensemble) -> Predictor<'a> {
        Predictor { ensemble, cached: self }
    }

    /// Bytes on the heap of what has been laid out so far: for trees of one number per leaf about 14 per node.
    pub fn heap_bytes(&self) -> u64 {
        let walk = self.walk.get().map_or(0, Walk::heap_bytes);
        (walk + self.tables.get().map_or(0, Tables::heap_bytes)) as u64
    }
}

/// An ensemble together with what was laid out for it.
#[derive(Clone, Copy, Debug)]
pub struct Predictor<'a> {
    ensemble: &'a Ensemble,
    cached: &'a Cached,
}

impl Predictor<'_> {
    /// The outputs (margins, shares, means) of each row: a vector of `rows` numbers per output.
    ///
    /// # Errors
    /// [`Interrupted`] when the user asked to stop.
    ///
    /// # Panics
    /// If the columns are not as many as the ensemble's features, or differ in length.
    pub fn predict<C: AsRef<[f64]>>(&self, columns: &[C]) -> Result<Vec<Vec<f64>>, Interrupted> {
        self.predict_columns(&slices(columns))
    }

    /// Not generic, so that it is compiled here and not where it is called.
    #[inline(never)]
    fn predict_columns(&self, columns: &[&[f64]]) -> Result<Vec<Vec<f64>>, Interrupted> {
        let outputs = self.ensemble.outputs();
        let rows = self.rows(columns);
        if rows < FEW_ROWS {
            return self.few(columns, rows);
        }
        let block = self.block(rows);
        let sums = self.blocks(columns, block, |work, sums: &mut Vec<f64>| {
            sums.extend(self.ensemble.base.iter().flat_map(|&base| std::iter::repeat_n(base, work.rows)));
            for tree in 0..self.ensemble.trees.len() {
                match work.table(tree) {
                    Some(table) => table.add(&work.bins, work.rows, &mut work.masks, sums),
                    None => work.walk.add(tree, work.keys.rows(work.rows), &mut work.groups, sums),
                }
            }
        })?;
        let column = |k: usize| {
            let parts = sums.iter().flat_map(|sums| &sums[k * sums.len() / outputs..(k + 1) * sums.len() / outputs]);
            parts.copied().collect()
        };
        Ok((0..outputs).map(column).collect())
    }

    /// As [`predict`](Self::predict), row by row.
    fn few(&self, columns: &[&[f64]], rows: usize) -> Result<Vec<Vec<f64>>, Interrupted> {
        ironbook_core::check()?;
        let mut found = vec![vec![0.0; rows]; self.ensemble.outputs()];
        let (mut values, mut outputs) = (vec![0.0; columns.len()], vec![0.0; found.len()]);
        for row in 0..rows {
            values.iter_mut().zip(columns).for_each(|(value, column)| *value = column[row]);
            self.predict_row(&values, &mut outputs);
            found.iter_mut().zip(&outputs).for_each(|(found, output)| found[row] = *output);
        }
        Ok(found)
    }

    /// Number of the leaf (its node in the tree) that each row comes to: a vector of `rows` numbers per tree.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    ///
    /// # Panics
    /// As [`predict`](Self::predict).
    pub fn leaves<C: AsRef<[f64]>>(&self, columns: &[C]) -> Result<Vec<Vec<u32>>, Interrupted> {
        self.leaves_of_columns(&slices(columns))
    }

    #[inline(never)]
    fn leaves_of_columns(&self, columns: &[&[f64]]) -> Result<Vec<Vec<u32>>, Interrupted> {
        let trees = self.ensemble.trees.len();
        let block = self.block(self.rows(columns));
        let found = self.blocks(columns, block, |work, leaves: &mut Vec<u32>| {
            leaves.resize(trees * work.rows, 0);
            for (tree, leaves) in leaves.chunks_exact_mut(work.rows).enumerate() {
                match work.table(tree) {
                    Some(table) => table.leaves(&work.bins, work.rows, &mut work.masks, leaves),
                    None => work.walk.leaves(tree, work.keys.rows(work.rows), &mut work.groups, leaves),
                }
            }
        })?;
        let tree = |t: usize| {
            let parts = found.iter().flat_map(|found| &found[t * found.len() / trees..(t + 1) * found.len() / trees]);
            parts.copied().collect()
        };
        Ok((0..trees).map(tree).collect())
    }

    /// The outputs of one row, without allocating once the layout is there; `outputs` has a place per output.
    ///
    /// # Panics
    /// If `row` has not a value per feature, or `outputs` not a place per output.
    pub fn predict_row(&self, row: &[f64], outputs: &mut [f64]) {
        assert_eq!(row.len(), self.ensemble.n_features, "values of the row and features of the ensemble");
        outputs.copy_from_slice(&self.ensemble.base);
        self.walk().add_row(row, outputs);
    }

    fn walk(&self) -> &Walk {
        self.cached.walk.get_or_init(|| Walk::new(self.ensemble))
    }

    fn rows(&self, columns: &[&[f64]]) -> usize {
        assert_eq!(columns.len(), self.ensemble.n_features, "columns and features of the ensemble");
        let rows = columns.first().map_or(0, |column| column.len());
        assert!(columns.iter().all(|column| column.len() == rows), "columns of one length");
        rows
    }

    /// Rows per block: small enough that all threads get some.
    fn block(&self, rows: usize) -> usize {
        let large = self.ensemble.trees.iter().any(|tree| tree.nodes() > LARGE_TREE);
        let (values, most) = if large { (LARGE_BLOCK_VALUES, LARGE_BLOCK) } else { (BLOCK_VALUES, BLOCK) };
        let most = (values / stride(self.ensemble.n_features)).clamp(64, most);
        rows.div_ceil(2 * rayon::current_num_threads()).next_multiple_of(64).clamp(64, most)
    }

    /// Runs `make` over the rows, block by block; the results are in the order of the rows.
    fn blocks<T: Send + Default>(
        &self,
        columns: &[&[f64]],
        block: usize,
        make: impl Fn(&mut Work<'_>, &mut T) + Sync,
    ) -> Result<Vec<T>, Interrupted> {
        let rows = self.rows(columns);
        let walk = self.walk();
        let tables = (rows >= TABLE_ROWS)
            .then(|| self.cached.tables.get_or_init(|| Tables::new(self.ensemble)))
            .filter(|t| t.any());
        let one = |b: usize| {
            ironbook_core::check()?;
            let first = b * block;
            let mut work = Work::new(walk, tables, columns, first, block.min(rows - first));
            let mut result = T::default();
            make(&mut work, &mut result);
            Ok(result)
        };
        (0..rows.div_ceil(block)).into_par_iter().map(one).collect()
    }
}

fn slices<C: AsRef<[f64]>>(columns: &[C]) -> Vec<&[f64]> {
    columns.iter().map(AsRef::as_ref).collect()
}

/// A block of rows in the forms that tables and walks read.
struct Work<'a> {
    rows: usize,
    walk: &'a Walk,
    tables: Option<&'a Tables>,
    /// Feature after feature, if there are tables.
    bins: Vec<u8>,
    masks: Vec<u64>,
    /// If there are walks.
    keys: Keys,
    groups: Groups,
}

impl<'a> Work<'a> {
    fn new(walk: &'a Walk, tables: Option<&'a Tables>, columns: &[&[f64]], first: usize, rows: usize) -> Self {
        let column = |j: usize| &columns[j][first..first + rows];
        let (bins, masks, keys, groups) = Default::default();
        let mut work = Work { rows, walk, tables, bins, masks, keys, groups };
        if let Some(tables) = tables {
            work.masks.resize(rows, 0);
            work.bins.resize(rows * columns.len(), 0);
            for (j, bins) in work.bins.chunks_exact_mut(rows).enumerate() {
                tables.bins(j, column(j), bins);
            }
        }
        if !tables.is_some_and(Tables::all) {
            work.keys = Keys::new(columns.len(), rows, column);
        }
        work
    }

    fn table(&self, tree: usize) -> Option<&'a Table> {
        self.tables.and_then(|tables| tables.trees[tree].as_ref())
    }
}

/// The keys of a block's values, row after row, the rows of up to 16 values each within one line of the cache.
#[derive(Default)]
struct Keys {
    all: Vec<u32>,
    /// Where the first line starts.
    skip: usize,
    stride: usize,
}

impl Keys {
    /// Values of a line.
    const LINE: usize = 16;

    fn new<'c>(columns: usize, rows: usize, column: impl Fn(usize) -> &'c [f64]) -> Self {
        let stride = stride(columns);
        let mut all = vec![MISSING; rows * stride + Self::LINE - 1];
        let skip = all.as_ptr().align_offset(Self::LINE * size_of::<u32>()).min(Self::LINE - 1);
        for j in 0..columns {
            let places = all[skip + j..].iter_mut().step_by(stride);
            places.zip(column(j)).for_each(|(place, &value)| *place = key(value as f32));
        }
        Keys { all, skip, stride }
    }

    fn rows(&self, count: usize) -> Rows<'_> {
        Rows { keys: &self.all[self.skip..], stride: self.stride, count }
    }
}

/// Places that a row of so many values takes.
fn stride(columns: usize) -> usize {
    if columns <= Keys::LINE { columns.next_power_of_two() } else { columns.next_multiple_of(Keys::LINE) }
}

impl Ensemble {
    /// The outputs of each row; models keep a [`Cached`] and use it instead, which lays the trees out only once.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    ///
    /// # Panics
    /// As [`Predictor::predict`].
    pub fn predict<C: AsRef<[f64]>>(&self, columns: &[C]) -> Result<Vec<Vec<f64>>, Interrupted> {
        Cached::default().of(self).predict(columns)
    }
}
