// Numbers of C that an invocation keeps in its registers: 8 rows of 4 columns.

const R: u32 = 8u;        // rows
const V: u32 = 1u;        // columns, in vectors of four
