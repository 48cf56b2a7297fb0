//! The areas: one copy of the template for each CPU. With `sp-naive`, naive.rs replaces this file.
//!
//! | file | in the order of a boot |
//! |---|---|
//! | storage.rs | the groups that variables are put into |
//! | template.rs, segments.rs | their sections, where the linker put them, and how it aligned them |
//! | geometry.rs, layout.rs | sizes, strides and the memory that areas take |
//! | header.rs, owner.rs | what an area holds beside variables: its CPU's id, and who owns it |
//! | records.rs | functions that the linker collects: values of variables with `init`, hooks, counters, dumps |
//! | init.rs | builds the areas in one block |
//! | slot.rs, anywhere.rs | builds areas at any addresses, and a table of them |
//! | look.rs, counts.rs, state.rs, registry.rs | publishes where they are, once, and which are added to a table |
//! | home.rs, machine.rs | which set of areas that is: a process has one for each test that asks |
//! | poison.rs | fills the area of a CPU that went |
//! | rebase.rs | publishes another address of them, for an image that runs low first and high later |
//! | reserve.rs | gives out the space for variables that are made at run time |
//! | lock.rs, context.rs | locks that know who holds them: of the reserve, and of what builds areas |
//! | ranges.rs, maintenance.rs | which memory all of this is, and the maintenance of its caches |

mod anywhere;
pub(crate) mod context;
#[cfg_attr(target_arch = "aarch64", path = "counts_in_one_word.rs")]
mod counts;
pub(crate) mod geometry;
pub(crate) mod header;
#[cfg_attr(hosted, path = "machine.rs")]
mod home;
pub(crate) mod init;
pub(crate) mod layout;
mod lock;
#[cfg(not(target_arch = "aarch64"))]
mod look;
pub mod maintenance;
pub(crate) mod owner;
mod poison;
mod ranges;
mod rebase;
pub(crate) mod records;
pub(crate) mod registry;
mod reserve;
// On other hosts no variable compiles, so there is no section to look up.
#[cfg(all(hosted, target_os = "linux"))]
mod segments;
mod slot;
pub(crate) mod state;
mod storage;
pub(crate) mod template;

pub(crate) use anywhere::{append_at, append_from};
pub use anywhere::{init_each, init_from_each, reserved_table, split_areas};
pub(crate) use home::Home;
#[cfg(hosted)]
pub(crate) use init::home_for;
#[cfg(hosted)]
pub use init::init_hosted;
pub(crate) use init::rebuild;
pub use init::{init, init_from, init_in_place, percpu_area_num};
pub(crate) use layout::reserve;
pub use layout::{percpu_area_layout_expected, percpu_area_size};
pub(crate) use poison::poison;
pub use ranges::percpu_area_gap;
pub use rebase::rebase_areas;
pub use registry::percpu_area_base;
pub(crate) use registry::{checked_register, count, cpu_at};
pub use reserve::DynError;
pub(crate) use reserve::Space;
pub use slot::AreaSlot;
pub(crate) use state::Registers;
pub use storage::{CacheLine, Page};
pub(crate) use template::{bias, start};
