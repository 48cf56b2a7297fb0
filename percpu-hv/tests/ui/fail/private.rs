mod exits {
    #[percpu_hv::def_percpu]
    static EXITS: u64 = 0;
}

fn main() {
    exits::EXITS.offset();
}
