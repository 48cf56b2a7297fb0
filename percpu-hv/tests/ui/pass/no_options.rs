//! Parentheses without an option.

#[percpu_hv::def_percpu()]
static ROUND: u8 = 1;

#[percpu_hv::def_percpu[]]
static SQUARE: u8 = 2;

#[percpu_hv::def_percpu {}]
static CURLY: u8 = 3;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let all = [
        ROUND.read_current(),
        SQUARE.read_current(),
        CURLY.read_current(),
    ];
    assert_eq!(all, [1, 2, 3]);
}
