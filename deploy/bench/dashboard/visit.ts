import type { Browser, Page } from "playwright-core";
import { complaintsOf } from "./browser.js";
import type { BenchCoordinator } from "./coordinator.js";
import type { BenchView } from "./views.js";

/** Somebody opens a view. */
export interface Visit {
  /** From the navigation, or the click, until what the view shows is on the screen. */
  readonly drawnMs: number;
  /** Scripts that the page loaded, as they came over the wire. */
  readonly scriptBytes: number;
  readonly complaints: readonly string[];
}

const DRAWN_WITHIN_MS = 120_000;

/**
 * A program for the page: its promise has the time, in milliseconds since the navigation, at which a frame was painted in which
 * the page has all these words. Times are the browser's own.
 */
const drawn = (words: readonly string[]): string => `new Promise((resolve) => {
  const words = ${JSON.stringify(words)};
  const isThere = () => {
    const text = document.querySelector("main")?.textContent ?? "";
    return words.every((word) => text.includes(word));
  };
  // The second frame begins when the first is painted.
  const done = () => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now())));
  if (isThere()) return done();
  const observer = new MutationObserver(() => {
    if (!isThere()) return;
    observer.disconnect();
    done();
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
})`;

/** Opens the dashboard as for the first time, in a context of its own, and goes to a view. Rejects when it is not drawn. */
export async function visit(
  browser: Browser,
  { url, token }: BenchCoordinator,
  view: BenchView,
  first: BenchView,
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(DRAWN_WITHIN_MS);
    const complaints = complaintsOf(page);
    await page.addInitScript({ content: `globalThis.firstDrawn = ${drawn(first.words)};` });
    await page.goto(`${url}/#token=${token}`, { waitUntil: "commit" });
    const firstMs = await within(page.evaluate("globalThis.firstDrawn"), page, first);
    const drawnMs =
      view.hash === null ? firstMs : await within(page.evaluate(click(view.hash, view.words)), page, view);
    return { drawnMs, scriptBytes: Number(await page.evaluate(SCRIPT_BYTES)), complaints };
  } finally {
    await context.close();
  }
}

/** Another address behind the `#`, as links have it. */
const click = (hash: string, words: readonly string[]): string => `(async () => {
  const begun = performance.now();
  location.hash = ${JSON.stringify(hash)};
  return (await ${drawn(words)}) - begun;
})()`;

const SCRIPT_BYTES = `performance.getEntriesByType("resource")
  .filter(({ initiatorType }) => initiatorType === "script")
  .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`;

async function within(promised: Promise<unknown>, page: Page, { name, words }: BenchView): Promise<number> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(async () => {
      const text = await page.evaluate("document.body.innerText").catch(() => "a page that does not answer");
      reject(
        new Error(`${name}: not all of ${words.join(", ")} were there after ${DRAWN_WITHIN_MS / 1000} s, but: ${text}`),
      );
    }, DRAWN_WITHIN_MS);
  });
  try {
    return Number(await Promise.race([promised, late]));
  } finally {
    clearTimeout(timer);
  }
}
