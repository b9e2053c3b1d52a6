import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { complaintsOf } from "../../../deploy/bench/dashboard/browser.js";

/** A page that remembers what it complains of: errors on its console, failed requests, what the CSP kept from it. */
export async function openPage(
  browser: Browser,
  options: { readonly width: number; readonly height: number; readonly dark?: boolean },
): Promise<{ page: Page; complaints: readonly string[] }> {
  const { width, height, dark = false } = options;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: dark ? "dark" : "light" });
  return { page, complaints: complaintsOf(page) };
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}

/** What axe finds serious or critical on a page, a line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run()")) as AxeResult;
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

/** Pixels by which a page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate("document.documentElement.scrollWidth - window.innerWidth") as Promise<number>;
}
