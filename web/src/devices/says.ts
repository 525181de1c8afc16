import type { Catalogue } from "../i18n/en";
import type { ProbeResult } from "./probe";
import type { Verdict } from "./verdict";

/** The verdict in sentences, the most important one first. */
export function says({ check }: Catalogue, verdict: Verdict, found: ProbeResult): string[] {
  const port = found.ask.find(({ way }) => way === "udp")?.port;
  const because = port === undefined ? [] : [check.udpBlocked(port)];
  const felt = verdict.quality && verdict.quality !== "good" ? [check.quality[verdict.quality]] : [];
  switch (verdict.name) {
    case "relayed":
      return [...because, check.relayedText, ...felt];
    case "slow-way":
      return [check.slowWayText, ...because, ...felt];
    case "only-443":
      return [check.only443Text, ...because, ...felt];
    case "nothing":
      return [check.nothingText];
    case "inspected":
      return [check.inspectedText];
    case "no-signalling":
      return [check.signallingText];
    case "no-site":
      return [check.siteText];
    case "busy":
      return [check.busyText];
    case "isolated":
      return [check.isolatedText];
    case "refused":
      return [check.refusedText];
    case "no-webrtc":
      return [check.webrtcText];
    default:
      return [check.quality[verdict.name]];
  }
}

/** What to send to the people who look after the network; nothing when there is nothing to ask for. */
export function asks({ check }: Catalogue, verdict: Verdict, found: ProbeResult, domain: string): string | undefined {
  if (verdict.name === "no-signalling")
    return `${check.askIntro(`meet.${domain}`)}\n- ${check.askSignalling(`media.${domain}`)}`;
  if (found.ask.length === 0) return undefined;
  const lines = found.ask.map(({ way, protocol, port, to }) => {
    const hosts = to.length > 0 ? to : [way.startsWith("turn") ? `turn.${domain}` : `sfu.${domain}`];
    return `- ${check.askRule(protocol.toUpperCase(), port, hosts.join(", "))} (${check.askUse[way]})`;
  });
  return [check.askIntro(`meet.${domain}`), ...lines, check.askReplies].join("\n");
}
