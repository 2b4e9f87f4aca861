//! Matrix products by the `gemm` crate. It sums over the inner dimension in an order that depends on the
//! sizes alone, so that a result does not depend on the number of threads.

/// A matrix of `n_rows × n_columns`, any strides.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    n_rows: usize,
    n_columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows one behind the other.
    pub fn rows(numbers: &'a [f32], n_rows: usize, n_columns: usize) -> Self {
        assert_eq!(numbers.len(), n_rows * n_columns, "a matrix fills its size");
        Self { numbers, n_rows, n_columns, row_stride: n_columns, column_stride: 1 }
    }

    pub fn transposed(self) -> Self {
        Self {
            n_rows: self.n_columns,
            n_columns: self.n_rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `c ← c + a·b`, with c in rows.
pub fn add_product(a: Matrix, b: Matrix, c: &mut [f32]) {
    assert!(a.n_columns == b.n_rows && c.len() == a.n_rows * b.n_columns, "the sizes of a product agree");
    // SAFETY: every operand fills its size, so that all places its strides reach lie within it.
    unsafe {
        gemm::gemm(
            a.n_rows,
            b.n_columns,
            a.n_columns,
            c.as_mut_ptr(),
            1,
            b.n_columns as isize,
            true,
            a.numbers.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.numbers.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::Rayon(0),
        );
    }
}

/// The sum of each column of a matrix in rows of so many numbers.
pub fn column_sums(rows: &[f32], n_columns: usize, sums: &mut [f32]) {
    sums.fill(0.0);
    for row in rows.chunks_exact(n_columns) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += x;
        }
    }
}
