// Numbers of C that an invocation keeps in its registers: 4 rows of 4 columns.

const R: u32 = 4u;        // rows
const V: u32 = 1u;        // columns, in vectors of four
