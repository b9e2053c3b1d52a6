import { isMarking } from "../../shared/verdict/marking.js";
import { claimedVersion, disownedVersions, isProof } from "./claims.js";
import { concernsMptcp, isLoss } from "./conditions.js";
import type { Handshake, LocatedChange, View } from "./evidence.js";
import type { HostFact } from "./host-rules.js";
import { pathOf } from "./path.js";
import { carriesOption, hopsWithOption } from "./quoted.js";
import { isAnswered, isBlocked, isEcho, isRefuted } from "./seen.js";
import { changeWitness, viewWitness, type Witness } from "./witness.js";

interface Evidence {
  readonly views: readonly View[];
  readonly changes: readonly LocatedChange[];
  /** What shows that the change is near the host; none when it is not. */
  readonly nearHost: readonly Witness[];
}

/** Finds who bears witness to a fact of the rules on hosts. */
export function hostWitnesses({ views, changes, nearHost }: Evidence): (fact: HostFact) => readonly Witness[] {
  const disowned = disownedVersions(views);
  const heard = views.filter(({ verdict }) => isAnswered(verdict));
  const isDisowned = (view: View): boolean => {
    const version = claimedVersion(view);
    return version !== null && disowned.has(version);
  };
  return (fact) => {
    switch (fact) {
      case "a handshake proves it":
        return views.flatMap((view) => view.handshakes.filter(isProof).map((one) => handshakeWitness(view, one)));
      case "a claim came over a clean path":
        // A box that knows one version only does not make the answer to the other one less genuine.
        return views.flatMap((view) => {
          const version = claimedVersion(view);
          if (version === null || isDisowned(view)) return [];
          const isTouched = changes.some(
            (change) =>
              change.vantage === view.vantage && change.variant === version && concernsMptcp(change.condition),
          );
          return isTouched ? [] : [claimWitness(view, version)];
        });
      case "every answer is an echo":
        return allOf(heard, ({ verdict }) => isEcho(verdict)).map(viewWitness);
      case "every answer is an echo or a claim that falls back":
        return allOf(heard, (view) => isEcho(view.verdict) || isDisowned(view)).map((view) =>
          isDisowned(view) ? disownedWitness(view) : viewWitness(view),
        );
      case "a plain answer came over a clean path":
        return heard
          .filter((view) => view.verdict === "plain" || isRefuted(view))
          .filter((view) => !changes.some((one) => one.vantage === view.vantage && !isMarking(one.condition)))
          .map(plainWitness);
      case "the option is lost on the way":
        return [
          ...changes.filter(({ condition }) => isLoss(condition)).map(changeWitness),
          ...views.filter(isBlocked).map(viewWitness),
        ];
      case "the change is near the host":
        return nearHost;
      case "somebody answered":
        return heard.map(viewWitness);
    }
  };
}

/** All of them, where there are some and all are alike. */
function allOf(views: readonly View[], isAlike: (view: View) => boolean): readonly View[] {
  return views.every(isAlike) ? views : [];
}

function claimWitness(view: View, version: "v0" | "v1"): Witness {
  return {
    vantage: view.vantage,
    variant: version,
    hop: null,
    words: `got a SYN/ACK with a key of its own (${version}) ${pathWords(view, version)}`,
  };
}

function plainWitness(view: View): Witness {
  const words = isRefuted(view)
    ? "got no answer to its SYN with the option at first, and to those of its trace a SYN/ACK without MPTCP"
    : "got a SYN/ACK without MPTCP";
  const traced = view.traces.find(({ variant }) => carriesOption(variant));
  return {
    vantage: view.vantage,
    variant: null,
    hop: null,
    words: `${words} ${pathWords(view, traced?.variant === "v0" ? "v0" : "v1")}`,
  };
}

function pathWords(view: View, version: "v0" | "v1"): string {
  const trace = view.traces.find(({ variant }) => variant === version);
  if (trace === undefined) return "over a path that was not traced";
  const hops = hopsWithOption(pathOf(trace)).length;
  return hops === 0
    ? "over a path none of whose hops shows option 30"
    : `over a path whose ${hops} quoting hop${hops === 1 ? " leaves" : "s leave"} option 30 alone`;
}

function disownedWitness(view: View): Witness {
  const version = claimedVersion(view);
  const words = `got a SYN/ACK with MPTCP ${version}, and every handshake with it fell back to TCP`;
  return { vantage: view.vantage, variant: version, hop: null, words };
}

function handshakeWitness({ vantage }: View, { variant, verdict }: Handshake): Witness {
  const words =
    verdict === "dss-proved"
      ? `made a connection (${variant}) whose DATA_ACK counts from the keys of both sides`
      : verdict === "join-reset"
        ? `got MP_TCPRST for an MP_JOIN that nobody expected (${variant}), as an MPTCP host gives it`
        : `saw DSS options (${variant}) that count from its key, before they were taken out`;
  return { vantage, variant, hop: null, words };
}
