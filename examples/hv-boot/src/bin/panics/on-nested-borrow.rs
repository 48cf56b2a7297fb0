//! A variable is borrowed inside its own `with_current`: the panic names it.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|_| {
    #[percpu_hv::def_percpu]
    static EXITS: [u64; 2] = [0; 2];

    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    percpu_hv::init_percpu_reg(0);
    let count = || EXITS.with_current(|exits| exits[0] += 1);
    count();
    EXITS.with_current(|_| count());
    hv_boot::ExitCode::SUCCESS
});
