//! The macros of [`percpu-hv`](https://docs.rs/percpu-hv); depend on that crate, which
//! re-exports it.
//!
//! An expansion of the attribute has these steps:
//! 1. `options.rs` parses the options, and `item.rs` the `static`.
//! 2. `attrs.rs` sorts the static's attributes by the item they belong to. `lifetimes.rs` adds the lifetimes that the
//!    type leaves out.
//! 3. `runtime.rs` finds the path of the runtime.
//! 4. `expand.rs` emits *one* call of the runtime's hidden macro.
//!
//! A derive emits one call too, and the runtime's macro calls `elements.rs` or `scalar.rs` with its own path.
//!
//! The runtime's macro decides whatever depends on an architecture, a feature, a section or a type. A `cfg` in an
//! expansion would be evaluated in the user's crate.

mod attrs;
mod elements;
mod expand;
mod item;
mod lifetimes;
mod lints;
mod options;
mod repr;
mod runtime;
mod scalar;
mod tokens;

use proc_macro::TokenStream;

use expand::{Form, expand};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{DeriveInput, Ident};

/// Gives each CPU its own copy of a `static`.
///
/// ```
/// #[percpu_hv::def_percpu]
/// static EXITS: u64 = 0;
///
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), percpu_hv::InitError> {
/// # percpu_hv::init_hosted(4)?;
/// # percpu_hv::init_percpu_reg(0);
/// EXITS.write_current(EXITS.read_current() + 1);
/// assert_eq!(EXITS.read_current(), 1);
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
///
/// The static keeps its name and visibility. Its type becomes `percpu_hv::PerCpu<_, T>`, whose methods access the
/// variable. `static mut` is accepted and means the same. Every CPU's copy starts with the initial value.
///
/// # Names
///
/// For `static X` the expansion also defines `__PERCPU_X` (the storage, of type `T`), `__PerCpu_X`
/// (a type that names the storage) and `X_WRAPPER` (the type of `X`).
///
/// # Attributes
///
/// | attribute | goes to |
/// |---|---|
/// | `cfg`, also inside `cfg_attr` | the whole expansion |
/// | `no_mangle`, `export_name`, `used`, also as `unsafe(...)` | the storage, so that the symbol is in the template |
/// | `allow`, `expect`, `warn`, `deny`, `forbid` | both; on the storage `expect` counts as `allow` |
/// | any other, documentation included | the static `X` |
///
/// `link_section` and `thread_local` are errors.
///
/// # Options
///
/// At most one option selects a group, which decides where the variable lies in an area:
///
/// | option | |
/// |---|---|
/// | `hot` | needs no instruction for the offset on AArch64, RISC-V and LoongArch64; a few KiB at most, which the linker checks |
/// | `cold` | for what is large or rarely used: its accesses stay long with the feature `small-template`, and it takes no room there |
/// | `read_mostly` | for what is rarely written: shares no cache line with variables that are written often |
/// | `page_aligned` | starts at a multiple of 4 KiB and fills whole pages |
/// | `cache_aligned` | shares its cache lines with no other variable: for what other CPUs write |
///
/// At most one option selects a kind, which decides the variable's accessors. Without it the type selects the kind (see
/// the module `kind` of percpu-hv):
///
/// | option | |
/// |---|---|
/// | `shared` | `&T` by `get`, `on`, `iter` and `get_local`: for a foreign lock or lazy cell, or what never changes |
/// | `exclusive` | `&mut T` by `with_current`: one borrow at a time |
/// | `elements` | for an array or a struct of scalars: the operations of a scalar on one part, by `at` and `fields` |
///
/// `#[def_percpu(init = path)] static X: T;` has no value in the template. `path` is a `fn(usize) -> T`, which gets a
/// CPU's index and makes the value of that CPU: for what must not be a bitwise copy, as an id, a stack, a `Box` or a
/// random seed.
///
/// ```
/// # use percpu_hv::def_percpu;
/// #[def_percpu(init = scratch)]
/// static SCRATCH: Vec<u8>;
///
/// fn scratch(cpu: usize) -> Vec<u8> {
///     Vec::with_capacity(4096 << cpu.min(4))
/// }
/// ```
///
/// * The option goes with each kind and group.
/// * Init calls it for each CPU that gets an area, before any area can be reached. There is no `CpuId` yet, and an
///   access to a per-CPU variable panics (in a release build of a kernel it is undefined, as any access before
///   `init_percpu_reg`). The function must not call init. The order of several functions is the linker's.
/// * A panic in it ends init, and nothing is published. What was made by then is forgotten.
/// * `reset_to_init`, `reset_remote` and `reinit_percpu_area` call it again, with the index of the CPU.
/// * If init runs before the MMU is on, so does the function. Then it uses no atomic operation but loads and stores, and
///   makes no large value, which the compiler may move by `memcpy`.
/// * The value is made wherever the linker takes the variable's object file, also if nothing uses the variable.
/// * With `sp-naive`, init makes the one value, and an access before that panics.
///
/// `#[def_percpu(crate = path)]` is the path of the runtime, for a crate that uses another crate's re-export.
/// `$crate::...` works too. Without this option the macro looks up the package percpu-hv in the user's `Cargo.toml`,
/// and uses the name that the package has there.
///
/// # Errors
///
/// Anything but a `static` with a type and either an initial value or the option `init` is a compile error, at the wrong token.
#[proc_macro_attribute]
pub fn def_percpu(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Form::Checked, options.into(), item.into(), runtime::path).into()
}

/// Gives access to the fields of a struct one by one, in a variable with `#[def_percpu(elements)]` or a `Shared` one.
///
/// The method `fields` of such a variable returns a struct with the same field names. Each field there is a handle,
/// whose methods access that field on this CPU or another one. It is as visible as the field, and cannot clash with a method.
///
/// ```
/// use percpu_hv::{Elements, def_percpu};
///
/// #[derive(Elements)]
/// struct Vcpu { exits: [u64; 4], running: bool }
///
/// #[def_percpu(elements)]
/// static VCPU: Vcpu = Vcpu { exits: [0; 4], running: false };
///
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), percpu_hv::InitError> {
/// # percpu_hv::init_hosted(4)?;
/// # percpu_hv::init_percpu_reg(0);
/// VCPU.fields().exits.at(3).inc_current();
/// VCPU.fields().running.write_current(true);
/// assert_eq!(VCPU.fields().exits.at(3).sum(), 1);
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
///
/// A field that is a struct has its own derive, and `fields()` too. For a struct `S` the expansion also defines
/// `__PERCPU_FIELDS_S`, the type that `fields` returns.
///
/// # Errors
///
/// Enums, unions and structs without fields or with `repr(packed)` are compile errors.
#[proc_macro_derive(Elements)]
pub fn derive_elements(item: TokenStream) -> TokenStream {
    derive(item, "__derive_elements")
}

/// Makes a newtype or an enum a scalar, which one load or store moves. It is the safe way to implement the trait.
///
/// ```
/// use percpu_hv::{Scalar, def_percpu};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Scalar)]
/// #[repr(transparent)]
/// struct VcpuId(u32);
///
/// #[derive(Clone, Copy, Debug, PartialEq, Scalar)]
/// #[repr(u8)]
/// enum World { Host, Guest }
///
/// #[def_percpu]
/// static CURRENT: VcpuId = VcpuId(7);
/// #[def_percpu]
/// static WORLD: World = World::Host;
///
/// # #[cfg(target_os = "linux")]
/// # fn main() -> Result<(), percpu_hv::InitError> {
/// # percpu_hv::init_hosted(1)?;
/// # percpu_hv::init_percpu_reg(0);
/// assert_eq!(CURRENT.read_current(), VcpuId(7));
/// assert_eq!(WORLD.swap_current(World::Guest), World::Host);
/// # Ok(())
/// # }
/// # #[cfg(not(target_os = "linux"))]
/// # fn main() {}
/// ```
///
/// The type is `Copy` and `Send`. A struct has `#[repr(transparent)]` and one field, which is a scalar, beside
/// `PhantomData`. An enum has no fields, and the `repr` of an integer.
///
/// A newtype of a pointer's size counts as one that may hold a reference: see `HOLDS_REFERENCES` of the trait. `and`,
/// `or`, `xor`, `add` and `sub` take an `unsafe impl` of `Bits` or `Integer`, because their result must be a value too.
///
/// # Errors
///
/// A type that is none of these is a compile error. Several fields may have padding between them: access them one by
/// one, by `#[derive(Elements)]`.
#[proc_macro_derive(Scalar)]
pub fn derive_scalar(item: TokenStream) -> TokenStream {
    derive(item, "__derive_scalar")
}

/// Emits one call of the runtime's hidden macro, which expands to one of the two below.
fn derive(item: TokenStream, name: &str) -> TokenStream {
    let (runtime, item) = (runtime::path(), proc_macro2::TokenStream::from(item));
    let name = format_ident!("{name}");
    quote!(#runtime::#name! { #item }).into()
}

/// Expands `derive(Elements)` on an item that follows the runtime's path.
#[doc(hidden)]
#[proc_macro]
pub fn expand_elements(input: TokenStream) -> TokenStream {
    expand_derive(input, elements::expand)
}

/// Expands `derive(Scalar)` on an item that follows the runtime's path.
#[doc(hidden)]
#[proc_macro]
pub fn expand_scalar(input: TokenStream) -> TokenStream {
    expand_derive(input, scalar::expand)
}

fn expand_derive(
    input: TokenStream,
    expand: fn(&DeriveInput, &proc_macro2::TokenStream) -> proc_macro2::TokenStream,
) -> TokenStream {
    let parse = |input: ParseStream| {
        let runtime = input.call(Ident::parse_any)?;
        Ok((runtime, input.parse()?))
    };
    match parse.parse(input) {
        Ok((runtime, item)) => expand(&item, &quote!(#runtime)).into(),
        Err(error) => error.to_compile_error().into(),
    }
}

/// [`def_percpu`] for the compat crates. It has the rules of `percpu`, which requires nothing of a type. Its users'
/// manifests call the runtime `percpu`.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn def_percpu_compat(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(
        Form::Percpu,
        options.into(),
        item.into(),
        runtime::compat_path,
    )
    .into()
}

/// `def_percpu` with the feature `custom-base` of `percpu`: the static keeps its name and becomes a `PerCpuData<T>`,
/// which is its own storage.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn def_percpu_data(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(
        Form::Data,
        options.into(),
        item.into(),
        runtime::compat_path,
    )
    .into()
}
