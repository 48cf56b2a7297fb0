//! `process NAME COUNT` does an operation so many times; without arguments, the program prints the names.

#[cfg(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64"))]
mod with_thread_local;

#[cfg(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64"))]
fn main() {
    // The names are for the measurement only.
    let loops = || peers::loops().chain(with_thread_local::loops());
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for operation in loops() {
            println!("{}", operation.name);
        }
        return;
    };
    let count = arguments.next().and_then(|count| count.parse().ok());
    let count = count.expect("the second argument is a number");
    let operation = loops().find(|operation| operation.name == name);
    let operation = operation.expect("the first argument is a name");
    percpu_hv::init_in_place().expect("the areas of percpu.x");
    percpu_hv::init_percpu_reg(0);
    percpu::init_in_place().expect("the areas of percpu.x");
    with_thread_local::expose();
    (operation.run)(count);
}

#[cfg(not(all(feature = "linux-gs", target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("process needs x86_64 Linux: cargo run --package bench -- measure callgrind");
    std::process::exit(2);
}
