import type { Catalogue } from "../i18n/en";
import type { ProbeResult } from "./probe";
import type { Verdict } from "./verdict";

/** The verdict in sentences, the most important one first. */
export function verdictSentences({ check }: Catalogue, verdict: Verdict, result: ProbeResult): string[] {
  const port = result.firewall_rules.find(({ path }) => path === "udp")?.port;
  const cause = port === undefined ? [] : [check.udpBlocked(port)];
  const effect = verdict.quality && verdict.quality !== "good" ? [check.quality[verdict.quality]] : [];
  switch (verdict.name) {
    case "relayed":
      return [...cause, check.relayedText, ...effect];
    case "tcp-only":
      return [check.tcpOnlyText, ...cause, ...effect];
    case "only-443":
      return [check.only443Text, ...cause, ...effect];
    case "no-media":
      return [check.noMediaText];
    case "inspected":
      return [check.inspectedText];
    case "no-signalling":
      return [check.signallingText];
    case "unreachable":
      return [check.unreachableText];
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

/** The rules to send to whoever runs the network; undefined when nothing has to be allowed. */
export function firewallRequest(
  { check }: Catalogue,
  verdict: Verdict,
  result: ProbeResult,
  domain: string,
): string | undefined {
  const intro = check.requestIntro(`meet.${domain}`);
  if (verdict.name === "no-signalling") return `${intro}\n- ${check.requestSignalling(`media.${domain}`)}`;
  if (result.firewall_rules.length === 0) return undefined;
  const lines = result.firewall_rules.map(({ path, protocol, port, to }) => {
    const hosts = to.length > 0 ? to : [path.startsWith("turn") ? `turn.${domain}` : `sfu.${domain}`];
    return `- ${check.requestRule(protocol.toUpperCase(), port, hosts.join(", "))} (${check.requestUse[path]})`;
  });
  return [intro, ...lines, check.requestReplies].join("\n");
}
