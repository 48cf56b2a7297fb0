//! Areas of 64 bytes and what the runtime itself has in each.

use percpu_hv::def_percpu;

const BYTES: usize = 64;

/// Not zeros, so that it is in the file.
#[def_percpu]
static CONTENT: [u8; BYTES] = [0x5a; BYTES];

fn main() {
    init::run(CONTENT.symbol_vma(), CONTENT.offset(), BYTES);
}
