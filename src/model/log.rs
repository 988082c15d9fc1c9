macro_rules! crit { ($($t:tt)*) => { tracing::error!(level = 50u64, $($t)*) } }
macro_rules! erro { ($($t:tt)*) => { tracing::error!(level = 40u64, $($t)*) } }
macro_rules! warn_ { ($($t:tt)*) => { tracing::warn!(level = 30u64, $($t)*) } }
macro_rules! info { ($($t:tt)*) => { tracing::info!(level = 20u64, $($t)*) } }
macro_rules! debg { ($($t:tt)*) => { tracing::debug!(level = 10u64, $($t)*) } }
macro_rules! trac { ($($t:tt)*) => { tracing::trace!(level = 5u64, $($t)*) } }
macro_rules! blat { ($($t:tt)*) => { tracing::trace!(level = 3u64, $($t)*) } }
pub(crate) use {blat, crit, debg, erro, info, trac, warn_ as warn};
