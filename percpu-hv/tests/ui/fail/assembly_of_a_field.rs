//! The field of an access in assembly lies in the variable, and is aligned.

use percpu_hv::def_percpu;

#[def_percpu]
static VCPU: [u32; 4] = [0; 4];

const BEYOND: u64 = VCPU.form_of_field::<u64>(12);
const MISALIGNED: u64 = VCPU.form_of_field::<u32>(2);

fn main() {
    println!("{BEYOND} {MISALIGNED}");
}
