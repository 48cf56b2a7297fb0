//! The list of all variables, and how the copies of each are printed. Only the feature `dump` compiles this file.

use core::any::type_name;
use core::fmt::{self, Debug, Display, Formatter};
use core::marker::PhantomData;
use core::ptr;

use super::accessor::{address, address_on, pointer};
use super::kind::{Elements, Exclusive, References, Values};
use super::place::{Kind, Path};
use super::symbol::Symbol;
use crate::arch::{Scalar, load_at};
use crate::area::records::{functions, of_variables};
use crate::area::start;
use crate::cpu::CpuId;

/// A variable of the image, as [`variables`] lists it.
///
/// Its `Display` is the path and the type: `kernel::EXITS: u64`.
#[derive(Clone, Copy)]
pub struct Variable {
    module: &'static str,
    name: &'static str,
    group: &'static str,
    type_name: fn() -> &'static str,
    kind: &'static str,
    size: usize,
    align: usize,
    address: fn() -> usize,
    copy: fn(CpuId) -> usize,
    print: Result<Print, &'static str>,
}

/// What prints the copy of a variable, or a part of it, at an address.
///
/// # Safety
///
/// There is such a copy or part, of a variable of the kind that was asked for its printer (rules 3, 16 and 21 of
/// docs/safety.md).
pub type Print = unsafe fn(usize, &mut Formatter<'_>) -> fmt::Result;

impl Variable {
    /// Creates a description. Only the expansion of `def_percpu` calls this function.
    #[doc(hidden)]
    pub fn __new<S: Symbol<T>, T>(
        module: &'static str,
        name: &'static str,
        group: &'static str,
        print: Option<Printer<S::Kind, T>>,
        has_debug: bool,
    ) -> Self {
        let kind = <S::Kind as Kind>::NAME;
        let why_not = if kind == Exclusive::NAME {
            "exclusive"
        } else if has_debug {
            "not `Sync`"
        } else {
            "no `Debug`"
        };
        Self {
            module,
            name,
            group,
            type_name: type_name::<T>,
            kind,
            size: size_of::<T>(),
            align: align_of::<T>(),
            address: || address(&S::PLACE),
            copy: |cpu| pointer(&S::PLACE, address_on(&S::PLACE, cpu)).addr(),
            print: print.map(|printer| printer.print).ok_or(why_not),
        }
    }

    /// Returns the name of the static.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the path of the module that defines the variable.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// Returns the name of the type, as [`core::any::type_name`] gives it: for readers, not for programs.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// Returns the name of the [kind](crate::kind): `value`, `shared`, `exclusive` or `elements`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the name of the [group](crate::guide::groups): `hot`, for example, or `variables` for those of no group.
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Returns the size of the type in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the alignment of the type in bytes.
    pub fn align(&self) -> usize {
        self.align
    }

    /// Returns the distance in bytes from the base of any area, as [`PerCpu::offset`](crate::PerCpu::offset).
    pub fn offset(&self) -> usize {
        (self.address)().wrapping_sub(start())
    }

    /// Returns whether [`on`](Self::on) prints the copies.
    pub fn is_printed(&self) -> bool {
        self.print.is_ok()
    }

    /// Returns the copy of a CPU, to be printed. `{}` and `{:?}` both are the `Debug` of the type, with the options of
    /// the format, as in `{:#x?}`.
    ///
    /// | kind | prints |
    /// |---|---|
    /// | [`Value`](crate::kind::Value) | what one load finds |
    /// | [`Elements`](crate::kind::Elements) | what one load finds for each part; a part that is no scalar, or has no `Debug`, is `_` |
    /// | [`Shared`](crate::kind::Shared) | the copy itself, by a `&T`, if `T: Sync` |
    /// | [`Exclusive`](crate::kind::Exclusive) | `<exclusive>`: its own CPU may have a `&mut` to the copy |
    ///
    /// Where a copy is not printed, the reason is: `<exclusive>`, ``<not `Sync`>`` or ``<no `Debug`>``. The parts of a
    /// copy are not loaded at one time.
    ///
    /// This runs the `Debug` of the types in the image. That of a lock may wait for its holder: in a panic handler,
    /// print only variables whose `Debug` waits for nothing, such as those of the kinds `value` and `elements`.
    pub fn on(&self, cpu: CpuId) -> impl Display + Debug + use<> {
        OnCpu {
            variable: *self,
            cpu,
        }
    }
}

impl Display for Variable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}: {}", self.module, self.name, self.type_name())
    }
}

impl Debug for Variable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable")
            .field("module", &self.module)
            .field("name", &self.name)
            .field("type_name", &self.type_name())
            .field("kind", &self.kind)
            .field("group", &self.group)
            .field("size", &self.size)
            .field("align", &self.align)
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}

/// The copy of a CPU.
struct OnCpu {
    variable: Variable,
    cpu: CpuId,
}

impl Debug for OnCpu {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.variable.print {
            // SAFETY: rules 3 and 4, the id is valid, so there is a copy; `__new` has the printer of the same variable.
            Ok(print) => unsafe { print((self.variable.copy)(self.cpu), f) },
            Err(why_not) => write!(f, "<{why_not}>"),
        }
    }
}

impl Display for OnCpu {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(self, f)
    }
}

/// Returns an iterator over the variables of the image, in the order in which the linker placed their records. It needs
/// the feature `dump`.
///
/// Variables of the crates called `percpu` are not among them, nor those that are made at run time.
///
/// ```
/// # #[cfg(all(target_os = "linux", feature = "dump"))] {
/// use percpu_hv::{CpuId, def_percpu, variables};
///
/// #[def_percpu]
/// static EXITS: u64 = 0;
///
/// percpu_hv::init_hosted(2).unwrap();
/// percpu_hv::init_percpu_reg(0);
/// EXITS.add_current(7);
///
/// for variable in variables() {
///     println!("{variable} at {:#x}", variable.offset());
///     for cpu in CpuId::all() {
///         println!("  CPU {cpu}: {}", variable.on(cpu));
///     }
/// }
/// # let exits = variables().find(|variable| variable.offset() == EXITS.offset()).unwrap();
/// # let texts: Vec<String> = CpuId::all().map(|cpu| exits.on(cpu).to_string()).collect();
/// # assert_eq!((exits.name(), texts), ("EXITS", vec!["7".into(), "0".into()]));
/// # }
/// ```
pub fn variables() -> impl Iterator<Item = Variable> {
    // SAFETY: rule 20, `__list!` puts functions of this type there, and nothing else does.
    unsafe { functions::<fn() -> Variable>(of_variables()) }.map(|describe| describe())
}

/// What prints a `T` in a variable of kind `K`: looked up where both are concrete, as a
/// [`Probe`](super::default_kind::Probe) does.
pub struct Printer<K, T> {
    print: Print,
    what: PhantomData<fn() -> (K, T)>,
}

impl<K, T> Printer<K, T> {
    const fn new(print: Print) -> Self {
        Self {
            print,
            what: PhantomData,
        }
    }

    /// Returns the first that there is.
    pub const fn first<const N: usize>(found: [Option<Self>; N]) -> Option<Self> {
        let mut at = 0;
        while at < N {
            if let Some(printer) = &found[at] {
                return Some(Self::new(printer.print));
            }
            at += 1;
        }
        None
    }
}

/// The constants of a [`Printer`] for which no bound holds.
pub trait NotPrinted: Sized {
    #![allow(missing_docs, reason = "the inherent constants say it")]
    const __PERCPU_DEBUG: bool = false;
    const __PERCPU_VALUE: Option<Self> = None;
    const __PERCPU_REFERENCE: Option<Self> = None;
    const __PERCPU_FIELDS: Option<Self> = None;
    const __PERCPU_1_VALUE: Option<Self> = None;
    const __PERCPU_1_FIELDS: Option<Self> = None;
    const __PERCPU_2_VALUE: Option<Self> = None;
    const __PERCPU_2_FIELDS: Option<Self> = None;
    const __PERCPU_3_VALUE: Option<Self> = None;
    const __PERCPU_3_FIELDS: Option<Self> = None;
}

impl<K, T> NotPrinted for Printer<K, T> {}

impl<K, T: Debug> Printer<K, T> {
    /// Whether the type has a `Debug`.
    pub const __PERCPU_DEBUG: bool = true;
}

impl<K: Values<T>, T: Debug> Printer<K, T> {
    /// Prints what one load finds.
    pub const __PERCPU_VALUE: Option<Self> = Some(Self::new(value::<K, T>));
}

impl<K: References<T>, T: Debug> Printer<K, T> {
    /// Prints by a reference.
    pub const __PERCPU_REFERENCE: Option<Self> = Some(Self::new(reference::<T>));
}

/// # Safety
///
/// As [`Print`].
unsafe fn value<K: Values<T>, T: Debug>(address: usize, f: &mut Formatter<'_>) -> fmt::Result {
    // SAFETY: rule 3 is the caller's; rule 14, the kind says that `As` is `T`.
    let value = K::from(unsafe { load_at::<K::As>(address) });
    value.fmt(f)
}

/// # Safety
///
/// As [`Print`], for a kind that gives a `&T` to the copy of any CPU.
unsafe fn reference<T: Debug>(address: usize, f: &mut Formatter<'_>) -> fmt::Result {
    // SAFETY: rules 3 and 16 are the caller's.
    let shared: &T = unsafe { &*ptr::with_exposed_provenance(address) };
    shared.fmt(f)
}

/// A type whose parts are printed one by one. `L` says what it is, so that no two implementations are for the same.
pub trait Parts<L> {
    /// Prints the whole.
    ///
    /// # Safety
    ///
    /// As [`Print`], for a variable of the kind [`Elements`].
    unsafe fn print(address: usize, f: &mut Formatter<'_>) -> fmt::Result;
}

/// A scalar.
pub enum One {}

/// A struct with `derive(Elements)`, which implements [`Parts`] for it.
pub enum Fields {}

/// An array.
pub struct Each<L>(PhantomData<L>);

impl<T: Scalar + Debug> Parts<One> for T {
    unsafe fn print(address: usize, f: &mut Formatter<'_>) -> fmt::Result {
        // SAFETY: as this method.
        unsafe { value::<Elements, T>(address, f) }
    }
}

impl<T: Parts<L>, L, const N: usize> Parts<Each<L>> for [T; N] {
    unsafe fn print(address: usize, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries((0..N).map(|index| {
                let element = address.wrapping_add(index * size_of::<T>());
                // SAFETY: rule 21, the element is in the array.
                unsafe { Part::at::<T>(element, Some(Printer::new(T::print))) }
            }))
            .finish()
    }
}

macro_rules! parts {
    ($($name:ident = $level:ty;)*) => { $(
        impl<T: Parts<$level>> Printer<Elements, T> {
            /// Prints what one load finds for each part.
            pub const $name: Option<Self> = Some(Self::new(<T as Parts<$level>>::print));
        }
    )* };
}

// So many dimensions as an array may have. A constant for any would need a `L` that nothing determines.
parts! {
    __PERCPU_FIELDS = Fields;
    __PERCPU_1_VALUE = Each<One>;
    __PERCPU_1_FIELDS = Each<Fields>;
    __PERCPU_2_VALUE = Each<Each<One>>;
    __PERCPU_2_FIELDS = Each<Each<Fields>>;
    __PERCPU_3_VALUE = Each<Each<Each<One>>>;
    __PERCPU_3_FIELDS = Each<Each<Each<Fields>>>;
}

/// A part of a copy.
pub struct Part {
    address: usize,
    print: Option<Print>,
}

impl Part {
    /// Returns the part at the end of a path, which starts at an address.
    ///
    /// # Safety
    ///
    /// As [`Part::at`], for the whole.
    pub unsafe fn of<S, O: Path<Of = S>>(
        whole: usize,
        printer: Option<Printer<Elements, O::To>>,
    ) -> Self {
        // SAFETY: rule 21, the part is in the whole.
        unsafe { Self::at(whole.wrapping_add(O::OFFSET), printer) }
    }

    /// Returns the part at an address.
    ///
    /// # Safety
    ///
    /// As [`Print`], for as long as the result is in use.
    unsafe fn at<T>(address: usize, printer: Option<Printer<Elements, T>>) -> Self {
        Self {
            address,
            print: printer.map(|printer| printer.print),
        }
    }
}

impl Debug for Part {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.print {
            // SAFETY: as `at`.
            Some(print) => unsafe { print(self.address, f) },
            None => f.write_str("_"),
        }
    }
}

/// Expands to the printer of a type in variables of a kind, or `None`.
#[doc(hidden)]
#[macro_export]
macro_rules! __printer {
    ($kind:ty, $ty:ty) => {{
        use $crate::__priv::dump::NotPrinted as _;
        $crate::__priv::dump::Printer::<$kind, $ty>::first([
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_VALUE,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_REFERENCE,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_FIELDS,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_1_VALUE,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_1_FIELDS,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_2_VALUE,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_2_FIELDS,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_3_VALUE,
            $crate::__priv::dump::Printer::<$kind, $ty>::__PERCPU_3_FIELDS,
        ])
    }};
}

/// Emits the record of a variable.
///
/// The variables of the crates called `percpu` have none: what reads them has to keep rules that nothing checks.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    (($kind:path) $($variable:tt)*) => {};
    ($kind:ident $symbol:ty, $ty:ty; $name:ident, $group:ident) => {
        const _: () = {
            fn __percpu_describe() -> $crate::Variable {
                use $crate::__priv::dump::NotPrinted as _;
                $crate::Variable::__new::<$symbol, $ty>(
                    $crate::__core::module_path!(),
                    $crate::__core::stringify!($name),
                    $crate::__core::stringify!($group),
                    $crate::__printer!(<$symbol as $crate::Place<$ty>>::Kind, $ty),
                    $crate::__priv::dump::Printer::<<$symbol as $crate::Place<$ty>>::Kind, $ty>::__PERCPU_DEBUG,
                )
            }

            $crate::__record! { unsafe variable, __percpu_describe }
        };
    };
}

/// Emits how the fields of a struct are printed. Only `derive(Elements)` invokes this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __list_fields {
    (
        [$($lints:tt)*] [$($generics:tt)*] $name:ident [$whole:ty] [$($bounds:tt)*] $how:ident
        $($member:tt: $ty:ty = $path:ty,)*
    ) => {
        $($lints)*
        #[automatically_derived]
        impl $($generics)* $crate::__priv::dump::Parts<$crate::__priv::dump::Fields> for $whole $($bounds)* {
            unsafe fn print(
                __address: $crate::__core::primitive::usize,
                __f: &mut $crate::__core::fmt::Formatter<'_>,
            ) -> $crate::__core::fmt::Result {
                let mut __whole = __f.$how($crate::__core::stringify!($name));
                $(
                    let __printer = $crate::__printer!($crate::kind::Elements, $ty);
                    // The path may hold a user's expressions, which are no part of an `unsafe` block.
                    let __field = $crate::__priv::dump::Part::of::<Self, $path>;
                    // SAFETY: as this function.
                    let __field = unsafe { __field(__address, __printer) };
                    $crate::__list_field!($how __whole $member __field);
                )*
                __whole.finish()
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __list_field {
    (debug_struct $whole:ident $member:tt $field:ident) => {
        $whole.field($crate::__core::stringify!($member), &$field);
    };
    (debug_tuple $whole:ident $member:tt $field:ident) => {
        $whole.field(&$field);
    };
}
