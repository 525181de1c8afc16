import { KeyRound, Mic, MicOff, MonitorUp, Pin, PinOff, ShieldAlert, SignalMedium, WifiOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";
import type { Catalogue } from "../../i18n/en";
import { encryptionOf, type Person, type VideoFeed } from "../model";
import { KindBadge } from "./KindBadge";

export interface TileContent {
  key: string;
  person: Person;
  kind: "camera" | "screen";
}

/** What somebody chose to keep large. */
export interface Keeping {
  /** Key of that tile's content. */
  kept: string | undefined;
  keep: (key: string | undefined) => void;
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** One of six background colours, always the same for the same identity. */
function backgroundOf(identity: string): number {
  let sum = 0;
  for (const character of identity) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}

function describe({ call, blocked, devices: _, ...text }: Catalogue, person: Person): string {
  const state = encryptionOf(person);
  return [
    person.kind && call.kind[person.kind],
    person.speaking && call.speaking,
    !person.microphone && call.muted,
    !person.camera && call.cameraOff,
    person.quality === "poor" && call.qualityPoor,
    person.quality === "lost" && call.qualityLost,
    state && text.shield.state[state],
    state === "keyMismatch" && blocked.keyMismatch,
  ]
    .filter(Boolean)
    .join(", ");
}

function VideoElement({ feed, mirrored, fit }: { feed: VideoFeed; mirrored: boolean; fit: "cover" | "contain" }) {
  const video = useRef<HTMLVideoElement>(null);
  const { track } = feed;
  useEffect(() => {
    const element = video.current;
    if (!track || !element) return;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  // Attached while it is still being checked, because a stream that is not attached is not sent; visible only afterwards.
  const visible = feed.state === "encrypted";
  return (
    <video
      ref={video}
      className={`${fit}${mirrored ? " mirrored" : ""}${visible ? "" : " unseen"}`}
      muted
      playsInline
      autoPlay
    />
  );
}

function BlockedMedia({
  feed,
  kind,
  audioRefused,
}: {
  feed: VideoFeed | undefined;
  kind: "camera" | "screen";
  audioRefused: boolean;
}) {
  const { blocked } = useText();
  if (feed?.state === "keyMismatch" || (!feed && !audioRefused))
    return (
      <div className="tile-blocked warn">
        <KeyRound size={28} aria-hidden="true" />
        <p>{blocked.keyMismatch}</p>
      </div>
    );
  return (
    <div className="tile-blocked bad">
      <ShieldAlert size={28} aria-hidden="true" />
      <p>{feed?.state === "refused" ? (kind === "screen" ? blocked.screen : blocked.video) : blocked.audio}</p>
    </div>
  );
}

/** One participant's video, or what stands in its place and why. */
export function Tile({
  content,
  large = false,
  stalled = false,
  keeping,
}: {
  content: TileContent;
  large?: boolean;
  stalled?: boolean;
  /** Absent where there is nothing to choose from. */
  keeping?: Keeping;
}) {
  const text = useText();
  const { person, kind } = content;
  const feed = kind === "screen" ? person.screen : person.camera;
  // What stands still is no video: the face says who it is, and the spinner that it is waited for.
  const frozen = !person.self && (stalled || person.quality === "lost");
  // The own screen would show itself in itself.
  const ownScreen = person.self && kind === "screen";
  const screenName = person.self ? text.call.ownScreen : text.call.screenOf(person.name);
  const name = kind === "screen" ? screenName : person.self ? text.call.youNamed(person.name) : person.name;
  const state = feed?.state;
  const kept = keeping?.kept === content.key;
  const audioBlocked = kind === "camera" && (person.audio === "refused" || (person.audio === "keyMismatch" && !feed));
  const blocked = state === "refused" || state === "keyMismatch" || audioBlocked;
  const details =
    kind === "screen" ? (state && state !== "waiting" ? text.shield.state[state] : "") : describe(text, person);
  const classes = ["tile", large ? "large" : "", person.speaking && kind === "camera" ? "speaking" : ""];
  return (
    <figure className={classes.filter(Boolean).join(" ")} aria-label={text.call.tile(name, details)}>
      {ownScreen && (
        <div className="tile-waiting">
          <MonitorUp size={28} aria-hidden="true" />
          {text.call.shareRunning(person.screenAudio !== undefined)}
        </div>
      )}
      {feed && !frozen && !ownScreen && state !== "refused" && state !== "keyMismatch" && (
        <VideoElement
          feed={feed}
          mirrored={person.self && kind === "camera"}
          fit={kind === "screen" ? "contain" : "cover"}
        />
      )}
      {(!feed || frozen) && !blocked && !ownScreen && (
        <div className={`face ground-${backgroundOf(person.identity)}`} aria-hidden="true">
          {initials(person.name)}
        </div>
      )}
      {frozen && !blocked && <span className="spinner tile-frozen" aria-hidden="true" />}
      {!frozen && (state === "checking" || state === "waiting") && (
        <div className="tile-waiting">
          <span className="spinner" aria-hidden="true" />
          {text.blocked.checking}
        </div>
      )}
      {blocked && (
        <BlockedMedia
          feed={state === "encrypted" ? undefined : feed}
          kind={kind}
          audioRefused={person.audio === "refused"}
        />
      )}
      <figcaption className="tile-name">
        {kind === "screen" ? (
          <MonitorUp size={16} aria-hidden="true" />
        ) : person.audio === "refused" ? (
          <ShieldAlert size={16} aria-hidden="true" className="muted" />
        ) : person.microphone ? (
          <Mic size={16} aria-hidden="true" className={person.speaking ? "voice" : "voice idle"} />
        ) : (
          <MicOff size={16} aria-hidden="true" className="muted" />
        )}
        <bdi className="tile-text" title={name}>
          {name}
        </bdi>
        {kind === "camera" && <KindBadge kind={person.kind} />}
      </figcaption>
      {keeping && (
        <IconButton
          name={kept ? text.media.enlargeEnd(name) : text.media.enlarge(name)}
          className={kept ? "tile-keep kept" : "tile-keep"}
          onPress={() => keeping.keep(kept ? undefined : content.key)}
        >
          {kept ? <PinOff size={18} aria-hidden="true" /> : <Pin size={18} aria-hidden="true" />}
        </IconButton>
      )}
      {person.quality !== "good" && kind === "camera" && (
        <span
          className="tile-quality"
          title={person.quality === "poor" ? text.call.qualityPoor : text.call.qualityLost}
        >
          {person.quality === "poor" ? (
            <SignalMedium size={16} aria-hidden="true" />
          ) : (
            <WifiOff size={16} aria-hidden="true" />
          )}
          <span>{person.quality === "poor" ? text.call.qualityPoor : text.call.qualityLost}</span>
        </span>
      )}
    </figure>
  );
}
