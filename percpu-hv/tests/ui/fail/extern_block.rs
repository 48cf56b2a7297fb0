use percpu_hv::def_percpu;

unsafe extern "C" {
    #[def_percpu]
    static EXITS: [u8; 8];

    #[def_percpu]
    pub safe static ENTRIES: u64;
}

fn main() {
    let _ = ENTRIES;
}
