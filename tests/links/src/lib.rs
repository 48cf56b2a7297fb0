//! Links the images of the package `images` in ways that cargo would not, looks into what comes out, and boots it.
//!
//! ```no_run
//! use links::{Boot, Linker, Mode, image};
//!
//! let link = image(Mode::Default, "areas").link(Linker::Lld);
//! let elf = link.cpus(4).script("include.ld").run().unwrap();
//! let end = Boot::el2(elf.path()).run();
//! assert_eq!(end.status, 0, "{end}");
//! ```
//!
//! cargo compiles each image once a mode; from there every linker and script is tried in milliseconds.

mod arch;
mod boot;
mod code;
mod elf;
mod images;
mod link;
pub mod tools;

pub use self::{
    arch::Arch,
    boot::{Boot, End},
    code::{accesses_of, disassembly},
    elf::Elf,
    images::{Image, Mode, fragment_directory, image, image_for},
    link::{Link, Linker},
};
