//! Defect 33, rule 5: `reset_to_init` inside of `with_current`, in an optimized build.
//!
//! must panic: the per-CPU variable `QUEUE` is borrowed on this CPU already
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static QUEUE: Vec<String> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|queue| {
        queue.push("a text that is long enough to be on the heap".into());
        let first = &queue[0];
        QUEUE.reset_to_init();
        println!("{first}");
    });
}
