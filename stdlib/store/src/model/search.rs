//! What searches ask for and answer.

/// Which of the deleted and the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Those that are not deleted.
    #[default]
    Active,
    /// The deleted ones.
    Deleted,
    /// All.
    All,
}

/// Which things to list, in MLflow's grammar (see [`crate::search`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Ids of experiments, for what lies in experiments; empty: all.
    pub experiments: Vec<String>,
    /// A condition, for instance `metrics.auc > 0.9 AND params.model = 'gbdt'`; empty: all.
    pub filter: String,
    /// Keys, the first first, each `NAME`, `NAME ASC` or `NAME DESC`; empty: newest first (registered models: by name).
    pub order_by: Vec<String>,
    /// Whether deleted ones.
    pub view: View,
    /// At most so many (default 1000; at most [`Search::MAX_LIMIT`]).
    pub limit: usize,
    /// Where to go on, from [`Page::next`].
    pub page: Option<String>,
}

impl Search {
    /// Most of one page: MLflow's limit for runs.
    pub const MAX_LIMIT: usize = 50_000;

    /// All that are not deleted, newest first.
    pub fn all() -> Search {
        Search {
            experiments: Vec::new(),
            filter: String::new(),
            order_by: Vec::new(),
            view: View::Active,
            limit: 1000,
            page: None,
        }
    }

    /// Those of one experiment.
    pub fn experiment(id: impl Into<String>) -> Search {
        Search { experiments: vec![id.into()], ..Search::all() }
    }

    /// Only those for which this holds.
    #[must_use]
    pub fn filter(mut self, filter: impl Into<String>) -> Search {
        self.filter = filter.into();
        self
    }

    /// One more key to order by.
    #[must_use]
    pub fn order(mut self, key: impl Into<String>) -> Search {
        self.order_by.push(key.into());
        self
    }

    /// Deleted ones, others, or both.
    #[must_use]
    pub fn view(mut self, view: View) -> Search {
        self.view = view;
        self
    }

    /// At most so many.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Search {
        self.limit = limit;
        self
    }
}

/// Some of what was searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// What to give as [`Search::page`] for the following ones; absent at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page that is the last.
    pub fn last(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}

/// A key to order logged models by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOrder {
    /// `creation_timestamp`, `name`, `metrics.auc`, ...
    pub field: String,
    /// Smallest first (MLflow's default).
    pub ascending: bool,
    /// For a metric: only where measured on the dataset of this name.
    pub dataset_name: Option<String>,
    /// For a metric: only where measured on the dataset with this digest.
    pub dataset_digest: Option<String>,
}
