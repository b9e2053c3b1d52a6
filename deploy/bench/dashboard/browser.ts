import { type Browser, chromium, type Page } from "playwright-core";
import { findProgram } from "../process.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** Path of an installed Chromium, or of the one that the environment variable CHROMIUM names; null where there is none. */
export function installedChromium(): string | null {
  for (const name of NAMES) {
    const found = findProgram(name, "CHROMIUM");
    if (found !== null) return found;
  }
  return null;
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

/** What a page complains of from now on: errors and warnings on its console, and failed requests. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  return complaints;
}
