//! A variable is borrowed inside of its own `with_current`: a panic that names it.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine};
    use percpu_hv::def_percpu;

    #[def_percpu]
    static EXITS: [u64; 2] = [0; 2];

    fn count() {
        EXITS.with_current(|exits| exits[0] += 1);
    }

    pub(super) fn main(_machine: &'static Machine) -> ExitCode {
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        percpu_hv::init_percpu_reg(0);
        count();
        EXITS.with_current(|_| count());
        ExitCode::SUCCESS
    }
}
