//! The real binary in a pseudo-terminal: whatever happens, the terminal is as it was, and the program is gone when the
//! terminal is. What a process does is read from `/proc`.

#[cfg(target_os = "linux")]
mod endings;
#[cfg(target_os = "linux")]
mod input;
mod lanes;
mod parser;
#[cfg(target_os = "linux")]
mod pty;
#[cfg(target_os = "linux")]
mod sizes;
#[cfg(target_os = "linux")]
mod surroundings;
