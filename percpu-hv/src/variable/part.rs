//! Parts of a variable: the elements of its arrays and the fields of its structs. A part is a place of its own.

use core::marker::PhantomData;

#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicI64;

use super::kind::Parts;
use super::per_cpu::PerCpu;
#[cfg(target_has_atomic = "64")]
use super::place::Found;
use super::place::{Flag, Path, Place, Within};
use crate::arch::{Access, Bits, Integer, Scalar, Unit};

/// The path to the whole.
pub struct Whole<T>(PhantomData<fn() -> T>);

// SAFETY: rule 21, the whole is at its start.
unsafe impl<T> Path for Whole<T> {
    type Of = T;
    type To = T;
    const OFFSET: usize = 0;
}

/// The end of a path, as a value: who has one can reach the part there.
pub struct End<O>(PhantomData<fn() -> O>);

impl<T> End<Whole<T>> {
    /// The whole can be reached wherever its type can be named.
    pub const WHOLE: Self = Self(PhantomData);
}

impl<O> End<O> {
    /// Returns the end of the path.
    ///
    /// # Safety
    ///
    /// As [`Within::within`].
    #[inline(always)]
    pub const unsafe fn new() -> Self {
        Self(PhantomData)
    }
}

/// The path to a part of a part.
pub struct Then<A, B>(PhantomData<fn() -> (A, B)>);

// SAFETY: rule 21, a part of a part is one of the whole.
unsafe impl<A: Path, B: Path<Of = A::To>> Path for Then<A, B> {
    type Of = A::Of;
    type To = B::To;
    const OFFSET: usize = A::OFFSET + B::OFFSET;
}

/// The path to the first element of an array, which has one.
pub struct First<T, const N: usize>(PhantomData<fn() -> [T; N]>);

// SAFETY: rule 21, elements start where the array does. `element` has checked an index, so `N` is not 0.
unsafe impl<T, const N: usize> Path for First<T, N> {
    type Of = [T; N];
    type To = T;
    const OFFSET: usize = 0;
}

/// The path to the field number `N` of a struct, in the order of their definition.
pub struct Field<S, F, const N: usize>(PhantomData<fn() -> (S, F)>);

// SAFETY: rule 21, `HasField` requires it.
unsafe impl<S: HasField<F, N>, F, const N: usize> Path for Field<S, F, N> {
    type Of = S;
    type To = F;
    const OFFSET: usize = {
        // Of no field that the derive takes; another attribute macro may change the struct after it.
        assert!(
            S::OFFSET % align_of::<F>() == 0 && align_of::<S>() >= align_of::<F>(),
            "percpu-hv: the field is misaligned, and no load or store moves it; remove `packed`"
        );
        S::OFFSET
    };
}

/// A struct whose field number `N` is of type `F`. `#[derive(Elements)]` implements this trait.
///
/// # Safety
///
/// Each value of the struct has an aligned field of this type at `OFFSET` (rule 21 of docs/safety.md).
pub unsafe trait HasField<F, const N: usize> {
    /// The distance in bytes from the start of the struct.
    const OFFSET: usize;
}

/// Compiles if the pointer is one to field number `N`.
pub const fn is_field<S: HasField<F, N>, F, const N: usize>(_: [*mut F; 1]) {}

/// A struct whose fields can be accessed one by one in a per-CPU variable. `#[derive(Elements)]` implements this trait.
///
/// The variable has the option `elements`, or it is [`Shared`](trait@crate::Shared). Its
/// [`fields`](PerCpu::fields) then are a struct with the same field names, each as visible as the field.
#[diagnostic::on_unimplemented(
    message = "the fields of `{Self}` cannot be accessed one by one",
    note = "put `#[derive(percpu_hv::Elements)]` on the struct; an array has `at(index)`"
)]
pub trait Elements: Sized {
    #[doc(hidden)]
    type __Fields<'whole, P: Place<Self> + 'whole>;

    #[doc(hidden)]
    fn __fields<'whole, P: Place<Self, Kind: Parts>>(whole: &'whole P)
    -> Self::__Fields<'whole, P>;
}

impl<P: Place<T>, T: Elements> PerCpu<P, T> {
    /// Returns the fields of the variable: a struct with the same field names, each of which is a place in every area.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// use percpu_hv::{Elements, def_percpu};
    ///
    /// #[derive(Elements)]
    /// struct Stats { exits: [u64; 4], ticks: u64 }
    ///
    /// #[def_percpu(elements)]
    /// static STATS: Stats = Stats { exits: [0; 4], ticks: 0 };
    ///
    /// percpu_hv::init_hosted(4).unwrap();
    /// percpu_hv::init_percpu_reg(0);
    /// STATS.fields().exits.at(2).inc_current();
    /// STATS.fields().ticks.add_current(100);
    /// assert_eq!(STATS.fields().exits.at(2).sum(), 1);
    /// # }
    /// ```
    #[inline(always)]
    pub fn fields(&self) -> T::__Fields<'_, P>
    where
        P::Kind: Parts,
    {
        T::__fields(&self.place)
    }
}

/// Returns the part of a place at the end of a path.
///
/// # Safety
///
/// As [`Within::within`].
#[doc(hidden)]
#[inline(always)]
pub unsafe fn part<'whole, P: Place<O::Of>, O: Path>(
    whole: &'whole P,
) -> PerCpu<P::Part<'whole, O>, O::To> {
    // SAFETY: rule 21 is the caller's.
    unsafe { PerCpu::__new(Within::within(whole)) }
}

/// The handle of an element, whose place depends on that of the array.
pub(crate) type ElementOf<'array, P, T, const N: usize> =
    PerCpu<Element<<P as Place<[T; N]>>::Part<'array, First<T, N>>, Of<T, N>>, T>;

impl<P: Place<[T; N]>, T, const N: usize> PerCpu<P, [T; N]> {
    /// Returns an element of the array, which is a place in every area: the handle of one `T` per CPU.
    ///
    /// ```
    /// # #[cfg(target_os = "linux")] {
    /// #[percpu_hv::def_percpu(elements)]
    /// static EXITS: [u64; 32] = [0; 32];
    ///
    /// percpu_hv::init_hosted(4).unwrap();
    /// percpu_hv::init_percpu_reg(0);
    /// let reason = 7;
    /// EXITS.at(reason).inc_current();
    /// assert_eq!(EXITS.at(reason).sum(), 1);
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If `index` is not less than the length of the array.
    #[inline(always)]
    #[track_caller]
    pub fn at(&self, index: usize) -> ElementOf<'_, P, T, N>
    where
        P::Kind: Parts,
    {
        if index >= N {
            out_of_range(index, N);
        }
        // SAFETY: rule 21, the index is in range.
        unsafe { self.element(index) }
    }

    /// Returns an element of the array as [`at`](Self::at) does, or `None` if there is none with this index.
    #[inline(always)]
    pub fn try_at(&self, index: usize) -> Option<ElementOf<'_, P, T, N>>
    where
        P::Kind: Parts,
    {
        // SAFETY: rule 21, the index is in range.
        (index < N).then(|| unsafe { self.element(index) })
    }

    /// Returns an iterator over the elements, in the order of their indices.
    #[inline]
    pub fn elements(
        &self,
    ) -> impl DoubleEndedIterator<Item = ElementOf<'_, P, T, N>> + ExactSizeIterator
    where
        P::Kind: Parts,
    {
        // SAFETY: rule 21, the index is in range.
        (0..N).map(|index| unsafe { self.element(index) })
    }

    /// Returns the element at an index.
    ///
    /// # Safety
    ///
    /// The index is in range (rule 21 of docs/safety.md).
    #[inline(always)]
    unsafe fn element(&self, index: usize) -> ElementOf<'_, P, T, N> {
        let place = Element {
            // SAFETY: rule 21, there is an element, so there is a first one.
            first: unsafe { Within::within(&self.place) },
            index: index.wrapping_mul(size_of::<T>() / Of::<T, N>::BYTES),
            unit: PhantomData,
        };
        // SAFETY: rule 21, the element is of this type; rule 14, what it needs is checked where it is accessed.
        unsafe { PerCpu::__new(place) }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
pub(super) fn out_of_range(index: usize, length: usize) -> ! {
    panic!("the per-CPU array has {length} elements, and no element {index}")
}

/// An array, as the place of an element knows it.
pub trait Array: Unit {
    /// The distance in bytes between two elements.
    const STRIDE: usize;
    /// The number of elements.
    const LENGTH: usize;
}

/// An array of `N` elements of type `T`, and a unit that divides the size of one.
pub struct Of<T, const N: usize>(PhantomData<fn() -> T>);

impl<T, const N: usize> Array for Of<T, N> {
    const STRIDE: usize = size_of::<T>();
    const LENGTH: usize = N;
}

impl<T, const N: usize> Unit for Of<T, N> {
    const BYTES: usize = if size_of::<T>() % 8 == 0 {
        8
    } else {
        1 << size_of::<T>().trailing_zeros()
    };
}

/// A unit that divides two others.
struct Both<U, V>(PhantomData<fn() -> (U, V)>);

impl<U: Unit, V: Unit> Unit for Both<U, V> {
    const BYTES: usize = if U::BYTES < V::BYTES {
        U::BYTES
    } else {
        V::BYTES
    };
}

/// The place that is `index` units `U` beyond a place: in the element of an array, where `first` is in the first
/// element.
// No other crate can name this type: with one of its own choice for `U`, `fold` in types/counter.rs would look beyond the
// array, although there is no such place.
pub struct Element<P, U> {
    first: P,
    index: usize,
    unit: PhantomData<fn() -> U>,
}

impl<P, U: Unit> Element<P, U> {
    /// Returns the distance in bytes from the place in the first element.
    #[inline(always)]
    fn bytes(&self) -> usize {
        self.index.wrapping_mul(U::BYTES)
    }

    /// Returns the index, from the place in the first element, of a place that is another index beyond this one.
    #[inline(always)]
    fn beyond<V: Unit>(&self, index: usize) -> usize {
        let own = self.index.wrapping_mul(U::BYTES / Both::<U, V>::BYTES);
        own.wrapping_add(index.wrapping_mul(V::BYTES / Both::<U, V>::BYTES))
    }
}

// SAFETY: rule 21, an index in range leads from a place in the first element to the same one in another.
unsafe impl<P: Access, U: Unit> Access for Element<P, U> {
    const REGISTER_IS_OPERAND: bool = P::REGISTER_IS_OPERAND;
    const HOT: bool = P::HOT;
    const OFFSET_IS_IMMEDIATE: bool = P::OFFSET_IS_IMMEDIATE;
    const IN_ONE_INSTRUCTION: bool = P::IN_ONE_INSTRUCTION;

    #[inline(always)]
    fn displacement(&self) -> usize {
        self.first.displacement().wrapping_add(self.bytes())
    }

    #[inline(always)]
    fn linked(&self) -> usize {
        self.first.linked().wrapping_add(self.bytes())
    }

    #[inline(always)]
    fn at(&self, register: usize) -> usize {
        self.first.at(register.wrapping_add(self.bytes()))
    }

    #[inline(always)]
    unsafe fn load_from<V: Scalar>(&self, register: usize) -> V {
        // SAFETY: as this method.
        unsafe { self.first.load_from(register.wrapping_add(self.bytes())) }
    }

    #[inline(always)]
    unsafe fn store_to<V: Scalar>(&self, register: usize, value: V) {
        // SAFETY: as this method.
        unsafe {
            self.first
                .store_to(register.wrapping_add(self.bytes()), value);
        }
    }

    #[inline(always)]
    fn current(&self) -> usize {
        self.first.current_beyond::<U>(self.index)
    }

    #[inline(always)]
    unsafe fn load<V: Scalar>(&self) -> V {
        // SAFETY: as this method.
        unsafe { self.first.load_beyond::<V, U>(self.index) }
    }

    #[inline(always)]
    unsafe fn store<V: Scalar>(&self, value: V) {
        // SAFETY: as this method.
        unsafe { self.first.store_beyond::<V, U>(self.index, value) }
    }

    #[inline(always)]
    unsafe fn swap<V: Scalar>(&self, value: V) -> V {
        // SAFETY: as this method.
        unsafe { self.first.swap_beyond::<V, U>(self.index, value) }
    }

    #[inline(always)]
    unsafe fn compare_exchange<V: Scalar>(&self, current: V, new: V) -> Result<V, V> {
        // SAFETY: as this method.
        unsafe {
            self.first
                .compare_exchange_beyond::<V, U>(self.index, current, new)
        }
    }

    #[inline(always)]
    unsafe fn update<V: Bits, const OP: u8>(&self, operand: V) {
        // SAFETY: as this method.
        unsafe { self.first.update_beyond::<V, U, OP>(self.index, operand) }
    }

    #[inline(always)]
    unsafe fn step<V: Integer, const OP: u8>(&self) {
        // SAFETY: as this method.
        unsafe { self.first.step_beyond::<V, U, OP>(self.index) }
    }

    #[inline(always)]
    unsafe fn fetch_add<V: Bits>(&self, operand: V) -> V {
        // SAFETY: as this method.
        unsafe { self.first.fetch_add_beyond::<V, U>(self.index, operand) }
    }

    #[inline(always)]
    fn current_beyond<V: Unit>(&self, index: usize) -> usize {
        self.first
            .current_beyond::<Both<U, V>>(self.beyond::<V>(index))
    }

    #[inline(always)]
    unsafe fn load_beyond<S: Scalar, V: Unit>(&self, index: usize) -> S {
        // SAFETY: as this method.
        unsafe {
            self.first
                .load_beyond::<S, Both<U, V>>(self.beyond::<V>(index))
        }
    }

    #[inline(always)]
    unsafe fn store_beyond<S: Scalar, V: Unit>(&self, index: usize, value: S) {
        // SAFETY: as this method.
        unsafe {
            self.first
                .store_beyond::<S, Both<U, V>>(self.beyond::<V>(index), value);
        }
    }

    #[inline(always)]
    unsafe fn swap_beyond<S: Scalar, V: Unit>(&self, index: usize, value: S) -> S {
        // SAFETY: as this method.
        unsafe {
            self.first
                .swap_beyond::<S, Both<U, V>>(self.beyond::<V>(index), value)
        }
    }

    #[inline(always)]
    unsafe fn compare_exchange_beyond<S: Scalar, V: Unit>(
        &self,
        index: usize,
        current: S,
        new: S,
    ) -> Result<S, S> {
        // SAFETY: as this method.
        unsafe {
            self.first.compare_exchange_beyond::<S, Both<U, V>>(
                self.beyond::<V>(index),
                current,
                new,
            )
        }
    }

    #[inline(always)]
    unsafe fn update_beyond<S: Bits, V: Unit, const OP: u8>(&self, index: usize, operand: S) {
        // SAFETY: as this method.
        unsafe {
            self.first
                .update_beyond::<S, Both<U, V>, OP>(self.beyond::<V>(index), operand);
        }
    }

    #[inline(always)]
    unsafe fn step_beyond<S: Integer, V: Unit, const OP: u8>(&self, index: usize) {
        // SAFETY: as this method.
        unsafe {
            self.first
                .step_beyond::<S, Both<U, V>, OP>(self.beyond::<V>(index));
        }
    }

    #[inline(always)]
    unsafe fn fetch_add_beyond<S: Bits, V: Unit>(&self, index: usize, operand: S) -> S {
        // SAFETY: as this method.
        unsafe {
            self.first
                .fetch_add_beyond::<S, Both<U, V>>(self.beyond::<V>(index), operand)
        }
    }
}

// SAFETY: rule 21, the place in another element has the type of that in the first.
unsafe impl<P: Place<T>, T, U: Array> Place<T> for Element<P, U> {
    type Kind = P::Kind;

    const OWNS_TOTALS: bool = P::OWNS_TOTALS;

    type Part<'whole, O: Path<Of = T>>
        = Element<P::Part<'whole, O>, U>
    where
        Self: 'whole;

    fn flag(&self) -> Flag {
        self.first.flag()
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        // SAFETY: as this method.
        unsafe { self.first.total(distance) }
    }

    #[cfg(target_has_atomic = "64")]
    unsafe fn each_counter(distance: usize, found: &mut Found<'_>) {
        for index in 0..U::LENGTH {
            // SAFETY: as this method.
            unsafe { P::each_counter(distance + index * U::STRIDE, found) };
        }
    }

    #[inline(always)]
    fn distance(&self) -> usize {
        self.first.distance() + self.bytes()
    }
}

impl<'whole, P, Q: Within<'whole, P>, U> Within<'whole, Element<P, U>> for Element<Q, U> {
    #[inline(always)]
    unsafe fn within(whole: &'whole Element<P, U>) -> Self {
        Self {
            // SAFETY: as this function.
            first: unsafe { Q::within(&whole.first) },
            index: whole.index,
            unit: PhantomData,
        }
    }
}

/// A part at a constant offset in a place whose accesses do not take one.
pub struct Fixed<'whole, P, O> {
    whole: &'whole P,
    path: PhantomData<fn() -> O>,
}

// SAFETY: rule 21, the part is in the place.
unsafe impl<P: Access, O: Path> Access for Fixed<'_, P, O> {
    const HOT: bool = P::HOT;

    #[inline(always)]
    fn displacement(&self) -> usize {
        self.whole.displacement().wrapping_add(O::OFFSET)
    }

    #[inline(always)]
    fn linked(&self) -> usize {
        self.whole.linked().wrapping_add(O::OFFSET)
    }

    #[inline(always)]
    fn at(&self, register: usize) -> usize {
        self.whole.at(register).wrapping_add(O::OFFSET)
    }

    const CONSTANT_IS_LAST: bool = true;

    #[inline(always)]
    fn current(&self) -> usize {
        self.whole.current().wrapping_add(O::OFFSET)
    }
}

// SAFETY: rule 21, the type is that at the end of the path.
unsafe impl<P: Place<O::Of>, O: Path> Place<O::To> for Fixed<'_, P, O> {
    type Kind = P::Kind;

    const OWNS_TOTALS: bool = P::OWNS_TOTALS;

    type Part<'part, Q: Path<Of = O::To>>
        = Fixed<'part, Self, Q>
    where
        Self: 'part;

    fn flag(&self) -> Flag {
        self.whole.flag()
    }

    #[cfg(target_has_atomic = "64")]
    #[inline(always)]
    unsafe fn total(&self, distance: usize) -> Option<&AtomicI64> {
        // SAFETY: as this method.
        unsafe { self.whole.total(distance) }
    }

    #[cfg(target_has_atomic = "64")]
    unsafe fn each_counter(distance: usize, found: &mut Found<'_>) {
        // SAFETY: as this method.
        unsafe { P::each_counter(distance + O::OFFSET, found) };
    }

    #[inline(always)]
    fn distance(&self) -> usize {
        self.whole.distance() + O::OFFSET
    }
}

impl<'whole, P, O> Within<'whole, P> for Fixed<'whole, P, O> {
    #[inline(always)]
    unsafe fn within(whole: &'whole P) -> Self {
        Self {
            whole,
            path: PhantomData,
        }
    }
}
