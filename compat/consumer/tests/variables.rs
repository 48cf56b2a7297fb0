//! What published crates rely on, in each line.

macro_rules! lines {
    ($($line:ident)*) => {$(
        mod $line {
            use ::$line as percpu;
            include!("variables/line.rs");
        }
    )*};
}
lines!(percpu_0_1 percpu_0_2 percpu_0_3 percpu_0_4);
