import { writeFileSync } from "node:fs";
import { zooDocument } from "../lab/zoo/document.js";
import { rulesDocument } from "./rules.js";

/** Writes the pages that are made of tables in the code; from the repository's folder. */
writeFileSync("docs/middleboxes.md", zooDocument());
writeFileSync("docs/verdicts.md", rulesDocument());
