//! Knows nothing of percpu but a name that another crate gives it.

#[cfg(test)]
mod tests {
    use consumer::{on_cpu, percpu};

    #[percpu::def_percpu]
    static EXITS: u64 = 1;

    #[test]
    fn variable_works() {
        on_cpu(1, || {
            EXITS.write_current(EXITS.read_current() + 1);
            assert_eq!(EXITS.read_current(), 2);
        });
    }
}
