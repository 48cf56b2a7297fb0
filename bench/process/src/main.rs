//! `process NAME` does an operation a million times; without an argument, the program prints the names.

#[cfg(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64"))]
mod with_thread_local;

#[cfg(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64"))]
fn main() {
    // The names are for the measurement only.
    let loops = || {
        let loops = peers::loops().chain(with_thread_local::loops());
        // Masking interrupts is a system call here.
        loops.filter(|operation| !operation.name.contains(".increment_masked"))
    };
    let Some(name) = std::env::args().nth(1) else {
        for operation in loops() {
            println!("{}", operation.name);
        }
        return;
    };
    let operation = loops().find(|operation| operation.name == name);
    let operation = operation.expect("the argument is a name");
    percpu_hv::init_in_place().expect("the areas of percpu.x");
    percpu_hv::init_percpu_reg(0);
    percpu::init_in_place().expect("the areas of percpu.x");
    with_thread_local::expose();
    repeat(operation);

    /// Only what this executes is counted.
    #[inline(never)]
    fn repeat(operation: peers::Loop) {
        (operation.run)(1_000_000);
    }
}

#[cfg(not(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("process needs x86_64 Linux: cargo run --package bench -- measure callgrind");
    std::process::exit(2);
}
