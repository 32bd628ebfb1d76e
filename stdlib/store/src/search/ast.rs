//! What a filter or an order says, typed.

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Runs.
    Runs,
    /// Experiments.
    Experiments,
    /// Registered models.
    RegisteredModels,
    /// Versions of registered models.
    ModelVersions,
    /// Logged models.
    LoggedModels,
    /// Traces.
    Traces,
}

/// What a comparison looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A field of the thing itself.
    Attribute,
    /// The latest value of a metric.
    Metric,
    /// A parameter.
    Param,
    /// A tag.
    Tag,
    /// A field of a dataset that the run read.
    Dataset,
    /// A fixed fact of a trace.
    Metadata,
    /// A field of one of the trace's spans.
    Span,
    /// What a person or program said of a trace.
    Feedback,
    /// What was expected of a trace.
    Expectation,
    /// A problem that a trace was linked to.
    Issue,
}

impl Entity {
    /// The entity as one writes it in a filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Entity::Attribute => "attribute",
            Entity::Metric => "metric",
            Entity::Param => "param",
            Entity::Tag => "tag",
            Entity::Dataset => "dataset",
            Entity::Metadata => "metadata",
            Entity::Span => "span",
            Entity::Feedback => "feedback",
            Entity::Expectation => "expectation",
            Entity::Issue => "issue",
        }
    }
}

/// One thing that can be compared: `metrics.auc`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Of which kind.
    pub entity: Entity,
    /// Its name, without quotes, aliases resolved.
    pub key: String,
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `LIKE`: `%` is any text, `_` any character; capitals count.
    Like,
    /// `ILIKE`: as `LIKE`, capitals (of ASCII) do not count.
    ILike,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `IS NULL`: it was never set.
    IsNull,
    /// `IS NOT NULL`: it was set.
    IsNotNull,
}

impl Op {
    /// The operator as one writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "=",
            Op::Ne => "!=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Like => "LIKE",
            Op::ILike => "ILIKE",
            Op::In => "IN",
            Op::NotIn => "NOT IN",
            Op::IsNull => "IS NULL",
            Op::IsNotNull => "IS NOT NULL",
        }
    }
}

/// What to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: for `IS NULL`.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Texts, for `IN`.
    List(Vec<String>),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What.
    pub field: Field,
    /// How.
    pub op: Op,
    /// With what; it fits the field and the operator.
    pub value: Value,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of them hold; of none: always true.
    All(Vec<Expr>),
    /// One of them holds.
    Any(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A comparison. One with a thing that was never set does not hold, whatever the operator (but `IS NULL`).
    Compare(Comparison),
}

impl Expr {
    /// The condition of an empty filter.
    pub fn always() -> Expr {
        Expr::All(Vec::new())
    }

    /// All comparisons in it.
    pub fn comparisons(&self) -> Vec<&Comparison> {
        match self {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().flat_map(Expr::comparisons).collect(),
            Expr::Not(inner) => inner.comparisons(),
            Expr::Compare(comparison) => vec![comparison],
        }
    }
}

/// A key to order by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub field: Field,
    /// Smallest first.
    pub ascending: bool,
}
