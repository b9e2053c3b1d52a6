// Beside start.cjs, which must parse where `import()` is no syntax.
"use strict";

import("./main.js").catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
