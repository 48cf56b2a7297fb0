#[percpu_hv::def_percpu]
mod variables {
    pub static EXITS: u64 = 0;
}

fn main() {
    let _ = variables::EXITS;
}
