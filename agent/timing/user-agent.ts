import { VERSION } from "../../shared/version.js";
import { ROBOTS_TOKEN } from "./robots.js";

/** How a page's server is told who asks and where to complain; robots.txt is read for the first word. */
export function userAgentOf(contact: { readonly email: string; readonly url: string } | null): string {
  const about = contact === null ? "" : `; +${contact.url}; ${contact.email}`;
  return `${ROBOTS_TOKEN}/${VERSION} (web timing over MPTCP and TCP${about})`;
}
