//! A step of Adam on the CPU: one pass over parameter, gradient and both moments.

use crate::ops::share;
use crate::ops::vector::{self, Float, Job};
use candle_core::{CpuStorage, DType, InplaceOp1, InplaceOp2, Layout, Result, Tensor, bail};
use std::cell::Cell;

/// The numbers of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// Learning rate, divided by what the first moment lacks at the start.
    pub(super) rate: f64,
    /// Decay of the two moving means.
    pub(super) betas: (f64, f64),
    /// Root of what the second moment lacks at the start.
    pub(super) root: f64,
    /// Added to the root of the second moment.
    pub(super) eps: f64,
    /// Share of the parameter that is added to its gradient.
    pub(super) added: f64,
    /// What the parameter is multiplied by first.
    pub(super) kept: f64,
}

/// Moves a parameter and its moments, in the type of the parameter; all are contiguous and of one type.
pub(super) fn step(x: &Tensor, grad: &Tensor, moments: (&Tensor, &Tensor), step: Step) -> Result<()> {
    match x.dtype() {
        DType::F32 => typed::<f32>(x, grad, moments, step),
        DType::F64 => typed::<f64>(x, grad, moments, step),
        other => bail!("a step of Adam in {other:?}"),
    }
}

fn typed<T: Slices>(x: &Tensor, grad: &Tensor, (first, second): (&Tensor, &Tensor), step: Step) -> Result<()> {
    lend(first, |first: &mut [T]| {
        lend(second, |second: &mut [T]| {
            let pass = |x: &mut [T], grad: &[T]| blocks(Pass { x, grad, first, second, step });
            x.inplace_op2(grad, &Lend(Cell::new(Some(pass)), std::marker::PhantomData))
        })
    })
}

/// Values per unit of parallel work.
const BLOCK: usize = 1 << 15;

fn blocks<T: Float>(Pass { x, grad, first, second, step }: Pass<'_, T>) {
    let moments = first.chunks_mut(BLOCK).zip(second.chunks_mut(BLOCK));
    let all = x.chunks_mut(BLOCK).zip(grad.chunks(BLOCK)).zip(moments);
    share(all, |((x, grad), (first, second))| vector::run(Pass { x, grad, first, second, step }));
}

struct Pass<'a, T> {
    x: &'a mut [T],
    grad: &'a [T],
    first: &'a mut [T],
    second: &'a mut [T],
    step: Step,
}

impl<T: Float> Job for Pass<'_, T> {
    type Output = ();

    /// Multiplications and additions stay apart: the bits are those of every other machine.
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (s, number) = (self.step, T::from_f64);
        let (towards, kept_square, square) = (number(1.0 - s.betas.0), number(s.betas.1), number(1.0 - s.betas.1));
        let (rate, root, eps) = (number(s.rate), number(s.root), number(s.eps));
        let (added, kept) = (number(s.added), number(s.kept));
        let moments = self.first.iter_mut().zip(self.second.iter_mut());
        for ((x, &grad), (first, second)) in self.x.iter_mut().zip(self.grad).zip(moments) {
            let grad = grad + added * *x;
            *first = *first + (grad - *first) * towards;
            *second = *second * kept_square + grad * grad * square;
            *x = *x * kept - rate * *first / (second.sqrt() / root + eps);
        }
    }
}

/// Lends the values of tensors to a function.
struct Lend<T, F>(Cell<Option<F>>, std::marker::PhantomData<T>);

fn lend<T: Slices, F: FnOnce(&mut [T]) -> Result<()>>(t: &Tensor, f: F) -> Result<()> {
    t.inplace_op1(&Lend(Cell::new(Some(f)), std::marker::PhantomData))
}

impl<T: Slices, F: FnOnce(&mut [T]) -> Result<()>> InplaceOp1 for Lend<T, F> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        match self.0.take() {
            Some(f) => f(&mut T::of(storage)?[range(layout)?]),
            None => bail!("a step of Adam was made twice"),
        }
    }
}

impl<T: Slices, F: FnOnce(&mut [T], &[T])> InplaceOp2 for Lend<T, F> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, xl: &Layout, grad: &CpuStorage, gl: &Layout) -> Result<()> {
        match self.0.take() {
            Some(f) => f(&mut T::of(x)?[range(xl)?], &T::cpu_storage_as_slice(grad)?[range(gl)?]),
            None => bail!("a step of Adam was made twice"),
        }
        Ok(())
    }
}

fn range(layout: &Layout) -> Result<std::ops::Range<usize>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(start..end),
        None => bail!("an optimiser's tensor is not contiguous"),
    }
}

/// The values of a storage, to be changed.
trait Slices: Float {
    fn of(storage: &mut CpuStorage) -> Result<&mut [Self]>;
}

impl Slices for f32 {
    fn of(storage: &mut CpuStorage) -> Result<&mut [f32]> {
        match storage {
            CpuStorage::F32(values) => Ok(values),
            _ => bail!("an optimiser's tensors differ in type"),
        }
    }
}

impl Slices for f64 {
    fn of(storage: &mut CpuStorage) -> Result<&mut [f64]> {
        match storage {
            CpuStorage::F64(values) => Ok(values),
            _ => bail!("an optimiser's tensors differ in type"),
        }
    }
}
