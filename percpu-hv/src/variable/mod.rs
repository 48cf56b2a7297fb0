//! Variables: what `def_percpu` defines, and the accessors of each kind.

mod accessor;
pub(crate) mod default_kind;
mod define;
mod define_elements;
mod defined;
mod derive;
// The documentation always has the list.
#[cfg_attr(not(any(feature = "dump", doc)), path = "no_dump.rs")]
pub mod dump;
mod dynamic;
mod exclusive;
// On other hosts no variable compiles.
#[cfg(any(target_os = "linux", target_os = "none"))]
mod exports;
mod inform;
pub mod kind;
mod masked;
mod module;
mod operations;
mod part;
mod per_cpu;
mod place;
mod remote;
mod shared;
mod shared_types;
mod symbol;
mod value;

// A counter needs it too.
#[cfg(any(feature = "compat", target_has_atomic = "64"))]
pub(crate) use accessor::pointer;
#[cfg(target_has_atomic = "64")]
pub(crate) use accessor::{address_on, stay};
pub use defined::{Defined, Typed};
pub use dynamic::{DynPerCpu, Dynamic};
pub use exclusive::Borrowed;
#[cfg(any(target_os = "linux", target_os = "none"))]
pub use exports::module_symbols;
pub use inform::is_escaped;
pub use module::ModuleSection;
pub use part::{Elements, End, Field, Fixed, HasField, Then, Whole, is_field, part};
pub use per_cpu::{PerCpu, primitive, primitives};
pub use place::{Flag, Path, Place, Within};
#[cfg(target_has_atomic = "64")]
pub use place::{Found, Total, Totals};
pub use shared_types::Shared;
pub use symbol::{Initial, Symbol, Unshared, make, unmade};
pub(crate) use value::sum;
// Only the room compat needs these.
#[cfg(feature = "compat")]
pub(crate) use {place::sealed, symbol::this_cpu, value::are_values};
