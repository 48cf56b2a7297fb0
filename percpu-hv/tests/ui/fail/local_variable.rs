fn main() {
    #[percpu_hv::def_percpu]
    let exits = 0_u64;
    let _ = exits;
}
