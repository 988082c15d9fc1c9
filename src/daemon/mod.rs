pub mod exec;
pub mod reap;
