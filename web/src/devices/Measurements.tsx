import { ArrowRight, Check, Minus, X } from "lucide-react";
import { useText } from "../i18n";
import { MEDIA_PATHS, type MediaPath, type PathState } from "./paths";
import type { ProbeResult } from "./probe";

const PORT_OF = { udp: "udp", "turn-udp": "turn_udp", tcp: "tcp", "turn-tls": "turn_tls" } as const satisfies Record<
  MediaPath,
  string
>;
const icons: Record<PathState, typeof Check> = { used: ArrowRight, open: Check, blocked: X, untried: Minus };

/** The paths that video and audio can take, and what is known of each. */
export function PathList({ result }: { result: ProbeResult }) {
  const { check } = useText();
  return (
    <section className="card">
      <h2>{check.pathsTitle}</h2>
      <ul className="check-paths">
        {MEDIA_PATHS.map((path) => {
          const state = result.paths[path];
          const Icon = icons[state];
          const port = result.ports?.[PORT_OF[path]];
          return (
            <li key={path} className={state}>
              <Icon size={20} aria-hidden="true" />
              <span>
                {check.paths[path]}
                {port !== undefined && <span className="quiet">, {check.port(port)}</span>}
              </span>
              <strong>{check.states[state]}</strong>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

export function Measurements({ result }: { result: ProbeResult }) {
  const { check } = useText();
  const figure = (value: number | null, unit: string) => (value === null ? check.unknown : `${value} ${unit}`);
  const rows: [string, string][] = [
    [check.roundTrip, figure(result.round_trip_ms, "ms")],
    [check.loss, figure(result.loss_percent, "%")],
    [check.jitter, figure(result.jitter_ms, "ms")],
    [check.frames, check.framesOf(result.frames_received, result.frames_sent)],
    [check.rate, figure(result.receive_kbps, "kbit/s")],
    [check.joining, figure(result.join_ms, "ms")],
    [check.family, result.address_family === null ? check.unknown : `IPv${result.address_family}`],
  ];
  return (
    <section className="card">
      <h2>{check.figuresTitle}</h2>
      <dl className="facts numbers">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
