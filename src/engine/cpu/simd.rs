//! Vector instructions, chosen when the program runs: AVX-512, AVX2 with FMA, or whatever the compiler makes
//! of plain code (on aarch64 that is NEON).

/// The widest vectors this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 16 numbers at once.
    Avx512,
    /// 8 numbers at once.
    Avx2,
    /// What the compiler makes of plain code.
    Portable,
}

impl Level {
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Portable => "portable vectors",
        }
    }
}

/// The level of the processor at hand. The standard library remembers the answer.
#[inline]
pub fn level() -> Level {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return Level::Avx512;
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Level::Avx2;
        }
    }
    Level::Portable
}

/// Compiles a function once for each [`Level`] and calls the right one. The body is plain code with loops
/// that the compiler turns into vectors.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $body:block) => {
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) {
            #[inline(always)]
            fn body($($arg: $ty),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                use $crate::engine::cpu::simd::{Level, level};
                #[target_feature(enable = "avx512f")]
                fn avx512($($arg: $ty),*) { body($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $ty),*) { body($($arg),*) }
                // SAFETY: `level` has found the features on this processor.
                match level() {
                    Level::Avx512 => return unsafe { avx512($($arg),*) },
                    Level::Avx2 => return unsafe { avx2($($arg),*) },
                    Level::Portable => {}
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use vectorised;

/// A vector of [`Lanes::N`] numbers.
///
/// # Safety
/// Every function needs the instructions of its level; loads and stores need valid memory for the numbers
/// that they touch.
#[expect(clippy::missing_safety_doc, reason = "one contract, stated above, holds for all functions")]
pub trait Lanes: Copy {
    const N: usize;
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The first `n` numbers, `n < N`; zeros behind.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn store_first(self, to: *mut f32, n: usize);
    /// `self · b + c`.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    unsafe fn add(self, b: Self) -> Self;
    unsafe fn sub(self, b: Self) -> Self;
    /// `max(0, self)`; what is no number stays so.
    unsafe fn rectified(self) -> Self;
    /// `yes` where `self` is larger than `than` or no number, else `no`.
    unsafe fn if_larger(self, than: Self, yes: Self, no: Self) -> Self;
    /// `yes` where `self` equals `to`, else `no`.
    unsafe fn if_equal(self, to: Self, yes: Self, no: Self) -> Self;

    /// As many numbers as there are, up to a whole vector; zeros behind.
    #[inline(always)]
    unsafe fn load_up_to(from: *const f32, n: usize) -> Self {
        // SAFETY: passed on.
        unsafe { if n < Self::N { Self::load_first(from, n) } else { Self::load(from) } }
    }

    /// As many numbers as there is room for.
    #[inline(always)]
    unsafe fn store_up_to(self, to: *mut f32, n: usize) {
        // SAFETY: passed on.
        unsafe { if n < Self::N { self.store_first(to, n) } else { self.store(to) } }
    }
}

/// Work written once for vectors of any width.
pub trait Vectored {
    /// # Safety
    /// The processor has the instructions of `L`, and whatever else the work relies on holds.
    unsafe fn run<L: Lanes>(&self);
}

/// Does a piece of work with the widest vectors there are.
///
/// # Safety
/// What the work relies on holds.
pub unsafe fn run(work: &impl Vectored) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        unsafe fn avx512(work: &impl Vectored) {
            // SAFETY: passed on.
            unsafe { work.run::<Avx512>() }
        }
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2(work: &impl Vectored) {
            // SAFETY: passed on.
            unsafe { work.run::<Avx2>() }
        }
        // SAFETY: `level` has found the instructions on this processor; the rest is passed on.
        match level() {
            Level::Avx512 => return unsafe { avx512(work) },
            Level::Avx2 => return unsafe { avx2(work) },
            Level::Portable => {}
        }
    }
    // SAFETY: passed on; plain code needs no instructions of its own.
    unsafe { work.run::<Plain>() }
}

/// Eight lanes of plain code.
#[derive(Clone, Copy)]
pub struct Plain([f32; 8]);

impl Lanes for Plain {
    const N: usize = 8;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for eight numbers.
        Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the caller vouches for `n` numbers.
        Self(std::array::from_fn(|i| if i < n { unsafe { *from.add(i) } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for eight numbers.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        for i in 0..n.min(8) {
            // SAFETY: the caller vouches for `n` numbers.
            unsafe { *to.add(i) = self.0[i] }
        }
    }

    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // Without the instruction, `f32::mul_add` would be a slow library call.
        let fused = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
        Self(std::array::from_fn(|i| {
            if fused { self.0[i].mul_add(b.0[i], c.0[i]) } else { self.0[i] * b.0[i] + c.0[i] }
        }))
    }

    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + b.0[i]))
    }

    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] - b.0[i]))
    }

    #[inline(always)]
    unsafe fn rectified(self) -> Self {
        Self(self.0.map(super::rectified))
    }

    #[inline(always)]
    unsafe fn if_larger(self, than: Self, yes: Self, no: Self) -> Self {
        let wins = |i: usize| self.0[i] > than.0[i] || self.0[i].is_nan();
        Self(std::array::from_fn(|i| if wins(i) { yes.0[i] } else { no.0[i] }))
    }

    #[inline(always)]
    unsafe fn if_equal(self, to: Self, yes: Self, no: Self) -> Self {
        Self(std::array::from_fn(|i| if self.0[i] == to.0[i] { yes.0[i] } else { no.0[i] }))
    }
}

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Lanes;

    #[derive(Clone, Copy)]
    pub struct Avx512(__m512);

    #[derive(Clone, Copy)]
    pub struct Avx2(__m256);

    // SAFETY of both: the trait's contract passes the duty to the caller.
    impl Lanes for Avx512 {
        const N: usize = 16;

        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm512_set1_ps(x) })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm512_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn load_first(from: *const f32, n: usize) -> Self {
            Self(unsafe { _mm512_maskz_loadu_ps((1u16 << n) - 1, from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm512_storeu_ps(to, self.0) }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, n: usize) {
            unsafe { _mm512_mask_storeu_ps(to, (1u16 << n) - 1, self.0) }
        }

        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
        }

        #[inline(always)]
        unsafe fn add(self, b: Self) -> Self {
            Self(unsafe { _mm512_add_ps(self.0, b.0) })
        }

        #[inline(always)]
        unsafe fn sub(self, b: Self) -> Self {
            Self(unsafe { _mm512_sub_ps(self.0, b.0) })
        }

        #[inline(always)]
        unsafe fn rectified(self) -> Self {
            // Of a number and none, the instruction gives its second operand.
            Self(unsafe { _mm512_max_ps(_mm512_setzero_ps(), self.0) })
        }

        #[inline(always)]
        unsafe fn if_larger(self, than: Self, yes: Self, no: Self) -> Self {
            Self(unsafe {
                let larger = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, than.0);
                let no_number = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
                _mm512_mask_blend_ps(larger | no_number, no.0, yes.0)
            })
        }

        #[inline(always)]
        unsafe fn if_equal(self, to: Self, yes: Self, no: Self) -> Self {
            Self(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, to.0), no.0, yes.0) })
        }
    }

    impl Lanes for Avx2 {
        const N: usize = 8;

        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            Self(unsafe { _mm256_set1_ps(x) })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            Self(unsafe { _mm256_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn load_first(from: *const f32, n: usize) -> Self {
            Self(unsafe { _mm256_maskload_ps(from, mask(n)) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            unsafe { _mm256_storeu_ps(to, self.0) }
        }

        #[inline(always)]
        unsafe fn store_first(self, to: *mut f32, n: usize) {
            unsafe { _mm256_maskstore_ps(to, mask(n), self.0) }
        }

        #[inline(always)]
        unsafe fn mul_add(self, b: Self, c: Self) -> Self {
            Self(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
        }

        #[inline(always)]
        unsafe fn add(self, b: Self) -> Self {
            Self(unsafe { _mm256_add_ps(self.0, b.0) })
        }

        #[inline(always)]
        unsafe fn sub(self, b: Self) -> Self {
            Self(unsafe { _mm256_sub_ps(self.0, b.0) })
        }

        #[inline(always)]
        unsafe fn rectified(self) -> Self {
            // Of a number and none, the instruction gives its second operand.
            Self(unsafe { _mm256_max_ps(_mm256_setzero_ps(), self.0) })
        }

        #[inline(always)]
        unsafe fn if_larger(self, than: Self, yes: Self, no: Self) -> Self {
            Self(unsafe {
                let larger = _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, than.0);
                let no_number = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
                _mm256_blendv_ps(no.0, yes.0, _mm256_or_ps(larger, no_number))
            })
        }

        #[inline(always)]
        unsafe fn if_equal(self, to: Self, yes: Self, no: Self) -> Self {
            Self(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, to.0)) })
        }
    }

    /// Ones in the first `n` of eight lanes.
    #[inline(always)]
    unsafe fn mask(n: usize) -> __m256i {
        const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        // SAFETY: `n ≤ 8`, so eight words from `8 − n` on lie within the table.
        unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - n).cast()) }
    }
}
