//! The attribute macro of [`percpu-hv`](https://docs.rs/percpu-hv); depend on that crate, which
//! re-exports it.
//!
//! The options (`options.rs`) and the `static` (`item.rs`) are parsed: its attributes are sorted by what they are
//! about (`attrs.rs`), and the lifetimes that its type leaves out are written (`lifetimes.rs`). The runtime is
//! found (`runtime.rs`), and *one* call of its hidden macro is emitted (`expand.rs`). Whatever depends on an
//! architecture, a feature, a section or a type is decided there, because a `cfg` in an expansion would
//! be evaluated in the user's crate.

mod attrs;
mod expand;
mod item;
mod lifetimes;
mod options;
mod runtime;
mod tokens;

use proc_macro::TokenStream;

use expand::{Form, expand};

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
/// The static keeps its name and visibility; its type becomes `percpu_hv::PerCpu<_, T>`, whose methods
/// are all there is to know about using it. `static mut` is accepted and means the same. The initial
/// value is what every CPU's copy starts from.
///
/// # Names
///
/// For `static X` the expansion also defines `__PERCPU_X` (the storage, of type `T`), `__PERCPU_SYM_X`
/// (a type that stands for the storage) and `X_WRAPPER` (the type of `X`) beside it.
///
/// # Attributes
///
/// | attribute | goes to |
/// |---|---|
/// | `cfg`, also inside `cfg_attr` | the whole expansion |
/// | `no_mangle`, `export_name`, `used`, also as `unsafe(...)` | the storage: one symbol is exported, and it is the variable's place in the template |
/// | `allow`, `expect`, `warn`, `deny`, `forbid` | both; on the storage `expect` counts as `allow` |
/// | any other, documentation included | the static `X` |
///
/// `link_section` and `thread_local` are errors.
///
/// # Options
///
/// One of these says which other variables it lies among:
///
/// | option | |
/// |---|---|
/// | `hot` | reached in the fewest instructions: no offset is loaded on AArch64, RISC-V and LoongArch64. A few KiB at most (a link error says how many) |
/// | `read_mostly` | rarely written: no cache line with variables that are |
/// | `page_aligned` | starts at a multiple of 4 KiB and fills whole pages |
/// | `cache_aligned` | has its cache lines for itself, as what other CPUs write |
///
/// And one of these which accessors it has, where its type does not say what is wanted (see the module `kind` of
/// percpu-hv):
///
/// | option | |
/// |---|---|
/// | `shared` | `&T` by `get`, `on`, `iter` and `get_local`: for a lock or a lazy cell of another crate, or what is never changed |
/// | `exclusive` | `&mut T` by `with_current`: one borrow at a time |
///
/// `#[def_percpu(crate = path)]`: where the runtime is, for a crate that reaches it through another
/// one's re-export. `$crate::...` works too. Without it the runtime is found by its package name in the
/// user's `Cargo.toml`, under whatever name it has there.
///
/// # Errors
///
/// Anything but a `static` with a type and an initial value is a compile error on the token that is
/// wrong.
#[proc_macro_attribute]
pub fn def_percpu(options: TokenStream, item: TokenStream) -> TokenStream {
    expand(Form::Checked, options.into(), item.into(), runtime::path).into()
}

/// [`def_percpu`] with the rules of `percpu`, which asks nothing of a type; for the compat crates, in
/// whose users' manifests the runtime is called `percpu`.
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

/// What `def_percpu` is with the feature `custom-base` of `percpu`: the static keeps its name and
/// becomes a `PerCpuData<T>`, which is its own storage.
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
