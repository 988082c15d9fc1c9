//! What is asked of the kernel and given back to it: freed memory, and code that only the start needed.
//!
//! Reading a configuration touches most of the program and builds documents and tables that are gone when it is done. A
//! daemon then runs for months on a few pages. Nothing is lost here: memory that was freed goes back to the kernel, and code
//! that is wanted again comes from the page cache.

/// Freed memory that is kept for the next event or reply. By itself glibc gives the top of the heap back as soon as
/// 128 KiB are free, and every event of 64 KiB then costs four page faults, every reply about a thousand programs 300.
#[cfg(target_env = "gnu")]
const KEPT: i32 = 4 * 1024 * 1024;

/// Blocks from this size on are mapped one by one; replies about thousands of programs are smaller.
#[cfg(target_env = "gnu")]
const MAPPED: i32 = 4 * 1024 * 1024;

/// To be called once, before the daemon begins.
pub fn prepare() {
    #[cfg(target_env = "gnu")]
    // SAFETY: two numbers for the allocator; there is one thread.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_MMAP_THRESHOLD, MAPPED);
    }
}

/// To be called once everything has been started that starts with the daemon.
pub fn give_back() {
    trim_heap();
    drop_code();
}

/// To be called some time after much memory was in use.
pub fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: gives free memory back; no pointer is touched.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Forgets that code and constants have been read; a page that is used again is mapped again.
fn drop_code() {
    unsafe extern "C" {
        // Made by the linker: where the program begins in memory, and where its code ends.
        static __executable_start: u8;
        static etext: u8;
    }
    let (start, end) = (&raw const __executable_start, &raw const etext);
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    let Some(page) = usize::try_from(page)
        .ok()
        .filter(|page| page.is_power_of_two())
    else {
        return;
    };
    // The last page may hold something else as well.
    let length = (end.addr() & !(page - 1)).saturating_sub(start.addr());
    if length > 0 && start.addr().is_multiple_of(page) {
        // SAFETY: from the program's beginning to the end of its code there are headers, constants and code, mapped from the
        // executable and never written to (static relocations are done before `main`, in other sections), so that what is
        // read there again is what was there. Whether it works does not matter.
        unsafe { libc::madvise(start.cast_mut().cast(), length, libc::MADV_DONTNEED) };
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_goes_on_with_its_code_and_constants() {
        let before = format!("{:?}", std::env::args().next());
        super::give_back();
        assert_eq!(format!("{:?}", std::env::args().next()), before);
    }
}
