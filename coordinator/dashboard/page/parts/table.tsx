import type { ComponentChildren } from "preact";
import { Scroll } from "./parts.js";

/** A column of texts by its name; of numbers (`n`), bars (`wide`) or verdicts (`cell`) with its kind; `about` is told on top. */
export type Column = string | NamedColumn;

interface NamedColumn {
  readonly name: string;
  readonly kind?: "n" | "wide" | "cell";
  readonly about?: string;
}

interface TableProps {
  /** What it shows: for those who do not see it, and the name of what scrolls. */
  readonly label: string;
  readonly columns: readonly Column[];
  readonly class?: string;
  /** Rows. */
  readonly children: ComponentChildren;
}

/** A table that scrolls by itself where it is wider than the page. */
export function Table({ label, columns, class: kind, children }: TableProps) {
  return (
    <Scroll label={label}>
      <table {...(kind !== undefined && { class: kind })}>
        <caption class="unseen">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => {
              const { name, kind: of, about }: NamedColumn = typeof column === "string" ? { name: column } : column;
              return (
                <th
                  scope="col"
                  key={name}
                  {...(of !== undefined && { class: of })}
                  {...(about !== undefined && { title: about })}
                >
                  {name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}

/** Columns of numbers. */
export function numbers(...names: readonly string[]): Column[] {
  return names.map((name) => ({ name, kind: "n" }));
}
