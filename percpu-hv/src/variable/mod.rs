//! Variables: what `def_percpu` defines, and the accessors of each kind.

mod define;
mod exclusive;
pub mod kind;
mod operations;
mod per_cpu;
mod remote;
mod shared;
mod shared_types;
mod symbol;
mod value;

pub use exclusive::Borrowed;
#[cfg(target_has_atomic = "64")]
pub(crate) use operations::stay;
pub use per_cpu::PerCpu;
pub use shared_types::Shared;
pub(crate) use symbol::sealed;
pub(crate) use symbol::this_cpu;
pub use symbol::{Flag, Initial, Symbol, make};
pub(crate) use value::{are_values, sum};
