// Numbers of C that an invocation keeps in its registers: 8 rows of 8 columns.

const R: u32 = 8u;        // rows
const V: u32 = 2u;        // columns, in vectors of four
