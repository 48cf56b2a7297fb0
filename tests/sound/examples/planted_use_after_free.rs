//! Rule 16: what Valgrind has to see: a reference into a `Vec` that is freed.
//!
//! must be found by Valgrind: Invalid read

#[percpu_hv::def_percpu]
static QUEUE: Vec<String> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    QUEUE.with_current(|queue| queue.push("a text that is long enough to be on the heap".into()));
    // SAFETY: none: rule 6 is broken, as this CPU changes its copy while the reference lives.
    let queue: &Vec<String> = unsafe { QUEUE.remote_ref_raw(0) };
    let first = &*queue[0];
    QUEUE.reset_to_init();
    println!("{}", first.len() + usize::from(first.as_bytes()[3]));
}
