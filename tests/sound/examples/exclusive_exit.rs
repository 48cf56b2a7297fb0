//! Defect 33, rule 5: the process exits inside of a borrow, and a thread-local's `drop` borrows.
//!
//! must print: exit
//! must print: drop: true
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static QUEUE: Vec<u64> = Vec::new();

struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        println!("drop: {}", QUEUE.try_with_current(Vec::clear).is_err());
    }
}

thread_local! {
    static LAST: Last = const { Last };
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    LAST.with(|_| ());
    QUEUE.with_current(|queue| {
        queue.push(1);
        println!("exit");
        std::process::exit(0);
    });
}
