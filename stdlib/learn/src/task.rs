//! What kind of question a model answers; part of its type, so that it is judged by the right numbers.

/// The kind of question that a model answers: [`Classification`], [`Regression`] or [`Ranking`].
pub trait Task: sealed::Sealed + Copy + Default + std::fmt::Debug + Send + Sync + 'static {
    /// Its name in files and displays.
    const NAME: &'static str;
}

/// Which of two or more classes a row belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classification;

/// Which value a row has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Regression;

/// In which order the rows of a group stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranking;

impl Task for Classification {
    const NAME: &'static str = "classification";
}

impl Task for Regression {
    const NAME: &'static str = "regression";
}

impl Task for Ranking {
    const NAME: &'static str = "ranking";
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Classification {}
    impl Sealed for super::Regression {}
    impl Sealed for super::Ranking {}
}
