import { writeFileSync } from "node:fs";
import { zooDocument } from "./document.js";

/** Writes `docs/middleboxes.md`; from the repository's folder. */
writeFileSync("docs/middleboxes.md", zooDocument());
