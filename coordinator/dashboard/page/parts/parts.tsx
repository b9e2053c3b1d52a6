import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ApiError } from "../answer.js";
import type { Loaded } from "../loaded.js";
import type { Tone } from "../tones.js";

/** A word with the colour of what it says. */
export function Badge({ tone, title, children }: { tone: Tone; title?: string; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`} {...(title !== undefined && { title })}>
      {children}
    </span>
  );
}

/** The head of a view. It takes the focus when one comes to the view, so that a screen reader tells where one is. */
export function Title({ children, about }: { children: string; about?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${children} · Parallax`;
    // Where somebody begins is for the browser to say.
    if (document.activeElement !== null && document.activeElement !== document.body) heading.current?.focus();
  }, [children]);
  return (
    <header class="title">
      <h1 tabIndex={-1} ref={heading}>
        {children}
      </h1>
      {about !== undefined && <p class="about">{about}</p>}
    </header>
  );
}

export function Panel({
  title,
  note,
  children,
}: {
  title: string;
  note?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel">
      <div class="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <span class="note">{note}</span>}
      </div>
      {children}
    </section>
  );
}

/** What is shown where there is nothing to show: why, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}

export function Problem({ problem }: { problem: ApiError }) {
  return (
    <div class="problem" role="alert">
      <strong>{problem.message}</strong>
      {problem.remedy !== "" && <span> {problem.remedy}</span>}
    </div>
  );
}

/** A table that is wider than the page scrolls by itself, with the keyboard as well. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse (WCAG 2.1.1)
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** What was loaded, or what there is to say until then. */
export function Show<T>({ of, children }: { of: Loaded<T>; children: (value: T) => ComponentChildren }) {
  switch (of.state) {
    case "loading":
      return (
        <p class="loading" role="status">
          Loading …
        </p>
      );
    case "failed":
      return <Problem problem={of.problem} />;
    case "ready":
      return (
        <>
          {of.problem !== null && <Problem problem={of.problem} />}
          {children(of.value)}
        </>
      );
  }
}

/** A number with what it counts. */
export function Figure({ value, label, note }: { value: string; label: string; note?: string }) {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        <span class="number">{value}</span>
        {note !== undefined && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

interface ShareBarProps {
  /** Null where a number beside it says the same. */
  readonly label: string | null;
  readonly parts: readonly { tone: Tone; share: number }[];
}

/** Parts of a whole as one bar; the numbers stand beside it. */
export function ShareBar({ label, parts }: ShareBarProps) {
  let from = 0;
  return (
    <svg
      class="share"
      viewBox="0 0 100 4"
      preserveAspectRatio="none"
      role="img"
      aria-label={label ?? ""}
      aria-hidden={label === null}
    >
      <rect class="track" width="100" height="4" />
      {parts.map(({ tone, share }) => {
        const x = from;
        from += share * 100;
        return <rect key={x} class={`fill-${tone}`} x={x} width={Math.max(0, share * 100)} height="4" />;
      })}
    </svg>
  );
}
