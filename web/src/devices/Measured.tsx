import { ArrowRight, Check, Minus, X } from "lucide-react";
import { useText } from "../i18n";
import type { ProbeResult } from "./probe";
import { type State, WAYS, type Way } from "./ways";

const PORT_OF = { udp: "udp", "turn-udp": "turn_udp", tcp: "tcp", "turn-tls": "turn_tls" } as const satisfies Record<
  Way,
  string
>;
const icons: Record<State, typeof Check> = { used: ArrowRight, open: Check, blocked: X, untried: Minus };

/** The ways that picture and sound could take, and what is known of each. */
export function Ways({ found }: { found: ProbeResult }) {
  const { check } = useText();
  return (
    <section className="card">
      <h2>{check.waysTitle}</h2>
      <ul className="check-ways">
        {WAYS.map((way) => {
          const state = found.ways[way];
          const Icon = icons[state];
          const port = found.ports?.[PORT_OF[way]];
          return (
            <li key={way} className={state}>
              <Icon size={20} aria-hidden="true" />
              <span>
                {check.ways[way]}
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

export function Measured({ found }: { found: ProbeResult }) {
  const { check } = useText();
  const figure = (value: number | null, unit: string) => (value === null ? check.unknown : `${value} ${unit}`);
  const rows: [string, string][] = [
    [check.roundTrip, figure(found.round_trip_ms, "ms")],
    [check.loss, figure(found.loss_percent, "%")],
    [check.jitter, figure(found.jitter_ms, "ms")],
    [check.frames, check.framesOf(found.frames_received, found.frames_sent)],
    [check.rate, figure(found.receive_kbps, "kbit/s")],
    [check.joining, figure(found.join_ms, "ms")],
    [check.family, found.address_family === null ? check.unknown : `IPv${found.address_family}`],
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
