//! Whole conversations over real sockets, byte by byte; the expected bytes are the reference's.

mod gate;
mod hostile;
mod requests;
mod tails;
