//! The rows of a tree in memory: whole rows lie together and are moved, so that each node reads one stretch.

use super::bins::Column;

/// A bin as it is stored: as few bytes as the number of bins allows.
pub(crate) trait Code: Copy + Default + Send + Sync + 'static {
    /// Sixteen bytes of codes, moved as one.
    type Chunk: Copy + Default + AsRef<[Self]> + AsMut<[Self]> + Send + Sync;
    /// Codes in a chunk.
    const LANES: usize;
    fn of(code: u32) -> Self;
    fn index(self) -> usize;
}

macro_rules! codes { // the three have no trait in common that converts both ways
    ($($code:ty => $lanes:literal),+) => { $(
        impl Code for $code {
            type Chunk = [$code; $lanes];
            const LANES: usize = $lanes;
            fn of(code: u32) -> Self {
                code as $code
            }
            fn index(self) -> usize {
                self as usize
            }
        }
    )+ };
}
codes!(u8 => 16, u16 => 8, u32 => 4);

/// What a row is besides its features: target (number of the class, or value) and weight.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    pub(crate) y: f64,
    pub(crate) w: f64,
}

/// Rows of codes with their targets, and room to move them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block<C: Code> {
    /// Chunks per row.
    stride: usize,
    codes: Vec<C::Chunk>,
    rows: Vec<Row>,
    spare_codes: Vec<C::Chunk>,
    spare_rows: Vec<Row>,
}

impl<C: Code> Block<C> {
    /// All rows of the columns.
    pub(crate) fn new(columns: &[Column], rows: Vec<Row>) -> Self {
        let stride = columns.len().div_ceil(C::LANES);
        let mut codes = vec![C::Chunk::default(); rows.len() * stride];
        for (j, column) in columns.iter().enumerate() {
            let (chunk, lane) = (j / C::LANES, j % C::LANES);
            for (row, &code) in codes.chunks_exact_mut(stride).zip(&column.codes) {
                row[chunk].as_mut()[lane] = C::of(code);
            }
        }
        Block { stride, codes, rows, spare_codes: Vec::new(), spare_rows: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Becomes the rows of `all` that count, each as often as `counts` says.
    pub(crate) fn fill(&mut self, all: &Block<C>, counts: Option<&[u32]>) {
        self.stride = all.stride;
        self.codes.clear();
        self.rows.clear();
        for (i, (row, codes)) in all.rows.iter().zip(all.codes.chunks_exact(all.stride)).enumerate() {
            let w = row.w * counts.map_or(1.0, |counts| f64::from(counts[i]));
            if w > 0.0 {
                self.rows.push(Row { y: row.y, w });
                self.codes.extend_from_slice(codes);
            }
        }
        self.spare_rows.resize(self.rows.len(), Row::default());
        self.spare_codes.resize(self.codes.len(), C::Chunk::default());
    }

    /// Targets and weights of a stretch of rows.
    pub(crate) fn rows(&self, start: usize, end: usize) -> &[Row] {
        &self.rows[start..end]
    }

    /// The codes of a feature over a stretch of rows.
    pub(crate) fn codes(&self, feature: usize, start: usize, end: usize) -> impl Iterator<Item = usize> + Clone {
        let (chunk, lane) = (feature / C::LANES, feature % C::LANES);
        let stretch = &self.codes[start * self.stride..end * self.stride];
        stretch.chunks_exact(self.stride).map(move |row| row[chunk].as_ref()[lane].index())
    }

    /// Moves the rows of a stretch for which `left` holds to its front, and gives the place where the others begin.
    ///
    /// Both sides keep their order. Each row is written to both sides and only one of them is kept: there is no branch
    /// that could be mispredicted.
    pub(crate) fn part(&mut self, feature: usize, (start, end): (usize, usize), left: impl Fn(usize) -> bool) -> usize {
        let (chunk, lane) = (feature / C::LANES, feature % C::LANES);
        let (mut to, mut spare) = (start, 0);
        for i in start..end {
            let goes_left = left(self.codes[i * self.stride + chunk].as_ref()[lane].index());
            self.rows[to] = self.rows[i];
            self.spare_rows[spare] = self.rows[i];
            for k in 0..self.stride {
                let codes = self.codes[i * self.stride + k];
                self.codes[to * self.stride + k] = codes;
                self.spare_codes[spare * self.stride + k] = codes;
            }
            to += usize::from(goes_left);
            spare += usize::from(!goes_left);
        }
        self.rows[to..end].copy_from_slice(&self.spare_rows[..spare]);
        self.codes[to * self.stride..end * self.stride].copy_from_slice(&self.spare_codes[..spare * self.stride]);
        to
    }
}
