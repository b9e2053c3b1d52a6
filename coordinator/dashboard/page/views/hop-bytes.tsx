import { useEffect, useRef } from "preact/hooks";
import type { Variant } from "../../../../shared/probe/variant.js";
import { changeWords } from "../../../../shared/verdict/words.js";
import type { Explanation } from "../../../compare/document.js";
import type { Hop } from "../../../compare/evidence.js";
import type { HopEvidence } from "../../overview.js";
import { millis, moment } from "../format.js";
import { hexDump } from "../hex.js";
import { useDocument } from "../hooks.js";
import { Scroll, Show } from "../parts/parts.js";

interface BytesProps {
  readonly explanation: Explanation;
  readonly variant: Variant;
  readonly vantage: string;
  readonly hop: Hop;
  readonly onClose: () => void;
}

/** The bytes of one hop, over the page. */
export function HopBytes({ explanation: { campaign, target, port }, variant, vantage, hop, onClose }: BytesProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const path = `/v1/campaigns/${encodeURIComponent(campaign)}/hops/${encodeURIComponent(target)}?port=${port}`;
  const hops = useDocument<HopEvidence[]>(path);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="bytes-title">
      <div class="panel-head">
        <h2 id="bytes-title">
          Hop {hop.ttl} from {vantage}
        </h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      <dl class="facts-list">
        <dt>Address</dt>
        <dd>
          <code>{hop.responder}</code>
        </dd>
        <dt>Answer</dt>
        <dd>{hop.kind}</dd>
        <dt>Round trip</dt>
        <dd>{millis(hop.rttUs)}</dd>
        <dt>TTL of the answer</dt>
        <dd>{hop.replyTtl}</dd>
        <dt>Shows changed</dt>
        <dd>{hop.changes.length === 0 ? "nothing" : hop.changes.map(changeWords).join("; ")}</dd>
        {hop.unobservable.length > 0 && (
          <>
            <dt>Too short to show</dt>
            <dd>{hop.unobservable.join(", ")}</dd>
          </>
        )}
        {hop.icmpExtensions.length > 0 && (
          <>
            <dt>Tells besides</dt>
            <dd>{hop.icmpExtensions.join("; ")}</dd>
          </>
        )}
      </dl>
      <Show of={hops}>
        {(all) => {
          const found = all.find((one) => one.vantage === vantage && one.variant === variant && one.ttl === hop.ttl);
          const bytes = found === undefined ? "" : found.quote || found.options;
          if (found === undefined || bytes === "") return <p>It came without bytes to show.</p>;
          return (
            <>
              <h3>
                {found.quote === "" ? "TCP options of the answer" : "Packet that it quotes"}{" "}
                <span class="note">
                  {bytes.length / 2} bytes, {moment(found.receivedAtMs)}
                </span>
              </h3>
              <Scroll label="Bytes">
                <pre>{hexDump(bytes)}</pre>
              </Scroll>
            </>
          );
        }}
      </Show>
    </dialog>
  );
}
