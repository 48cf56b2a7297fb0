//! Variables: what `def_percpu` defines, and the accessors of each kind.

mod accessor;
mod define;
mod define_elements;
// The documentation always has the list.
#[cfg_attr(not(any(feature = "dump", doc)), path = "no_dump.rs")]
pub mod dump;
mod dynamic;
mod exclusive;
mod inform;
pub mod kind;
mod module;
mod operations;
mod part;
mod per_cpu;
mod place;
mod remote;
mod shared;
mod shared_types;
// On other hosts no variable compiles.
#[cfg(any(target_os = "linux", target_os = "none"))]
mod symbols;
mod value;

pub(crate) use accessor::pointer;
#[cfg(target_has_atomic = "64")]
pub(crate) use accessor::{address_on, stay};
pub use dynamic::{DynPerCpu, Dynamic};
pub use exclusive::Borrowed;
pub use module::ModuleSection;
pub use part::{Element, Elements, Field, Fixed, HasField, Then, Whole, part};
pub use per_cpu::PerCpu;
pub use place::{Flag, Initial, Path, Place, Symbol, Within, make};
#[cfg(target_has_atomic = "64")]
pub use place::{Found, Total, Totals};
pub(crate) use place::{sealed, this_cpu};
pub use shared_types::Shared;
#[cfg(any(target_os = "linux", target_os = "none"))]
pub use symbols::module_symbols;
pub(crate) use value::{are_values, sum};
