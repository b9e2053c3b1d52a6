import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const packageFile = z.object({ version: z.string(), license: z.string() });

/**
 * Names, versions, licences and their texts of npm packages, one after the other. Throws when a package does not say under
 * which licence it is: then it must not be passed on.
 */
export function licencesText(nodeModules: string, packages: readonly string[]): string {
  const parts = packages.map((name) => {
    const folder = join(nodeModules, name);
    const { version, license } = packageFile.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  const line = "=".repeat(80);
  return `The agent contains these packages under their own licences.\n\n${parts.join(`\n\n${line}\n\n`)}\n`;
}
