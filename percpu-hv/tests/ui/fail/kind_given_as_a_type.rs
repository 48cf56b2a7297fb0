//! A kind that has checks is not named by its type, which would go without them.

percpu_hv::__variable! {
    [] [] [] static WORDS: Vec<u64> = Vec::new();
    storage = __PERCPU_WORDS, symbol = Words, alias = OfWords, text = "WORDS", kind = (percpu_hv::kind::Value),
    group = variables
}

fn main() {}
