import cookbook from "../../../docs/queries.md";

/** The queries of the cookbook, by their headings; their campaign is called `CAMPAIGN`. */
export const EXAMPLES: readonly { readonly title: string; readonly sql: string }[] = [
  ...cookbook.matchAll(/^## (.+)$[\s\S]*?^```sql\n([\s\S]*?)^```$/gm),
].map(([, title = "", sql = ""]) => ({ title, sql: sql.trimEnd() }));
