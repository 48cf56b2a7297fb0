//! A CPU writes on behind a variable, beyond the end of its area: the page behind it is not mapped, and the exception says
//! whose gap that is.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_arch = "aarch64", not(feature = "sp-naive")))]
hv_boot::main!(|machine| {
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    // SAFETY: rule 11: the boot core, which runs alone.
    unsafe { machine.unmap_area_gaps() };
    // In the reserve, behind which there is nothing but the gap.
    let buffer = percpu_hv::DynPerCpu::<[u64; 8], percpu_hv::kind::Exclusive>::new([0; 8]);
    let buffer = buffer.expect("image.ld sets a reserve");
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        buffer.with_current(|buffer| buffer.fill(1));
    });
    hv_boot::println!("{} CPUs write where they may: ok", machine.cpu_count());
    machine.run_on_all(|cpu| {
        if cpu.id() == 1 {
            for word in 0.. {
                // SAFETY: none, which is the point: from the eighth on these words are not the variable's.
                unsafe {
                    buffer
                        .current_ptr()
                        .cast::<u64>()
                        .cast_mut()
                        .add(word)
                        .write_volatile(2)
                };
            }
        }
    });
    hv_boot::ExitCode::SUCCESS
});

#[cfg(not(all(target_arch = "aarch64", not(feature = "sp-naive"))))]
hv_boot::main!(|_| {
    hv_boot::println!("hv-boot: this image unmaps gaps on AArch64 only, and not with `sp-naive`");
    hv_boot::ExitCode::FAILURE
});
