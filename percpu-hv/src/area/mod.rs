//! The areas: one copy of the template for each CPU. With `sp-naive`, naive.rs replaces this file.
//!
//! | file | in the order of a boot |
//! |---|---|
//! | storage.rs | the groups that variables are put into |
//! | template.rs, segments.rs | their sections, where the linker put them, and how it aligned them |
//! | geometry.rs, layout.rs | sizes, strides and the memory that areas take |
//! | header.rs, owner.rs | what an area holds beside variables: its CPU's id, and who owns it |
//! | records.rs | functions that the linker collects: those that make the values of variables with `init` |
//! | init.rs | builds the areas |
//! | state.rs, registry.rs | publishes where they are, once |
//! | rebase.rs | publishes another address of them, for an image that runs low first and high later |
//! | ranges.rs, maintenance.rs | which memory all of this is, and the maintenance of its caches |

pub(crate) mod geometry;
pub(crate) mod header;
pub(crate) mod init;
pub(crate) mod layout;
pub mod maintenance;
pub(crate) mod owner;
mod ranges;
mod rebase;
pub(crate) mod records;
pub(crate) mod registry;
// On other hosts no variable compiles, so there is no section to look up.
#[cfg(all(hosted, target_os = "linux"))]
mod segments;
pub(crate) mod state;
mod storage;
pub(crate) mod template;

#[cfg(hosted)]
pub use init::init_hosted;
pub(crate) use init::rebuild;
pub use init::{init, init_from, init_in_place, percpu_area_num};
pub use layout::{percpu_area_layout_expected, percpu_area_size};
pub use rebase::rebase_areas;
pub use registry::percpu_area_base;
pub(crate) use registry::{checked_register, count, cpu_at, register, register_unchecked};
pub use storage::{CacheLine, Page};
pub(crate) use template::{bias, start};
