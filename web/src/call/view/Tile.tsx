import { KeyRound, Mic, MicOff, MonitorUp, ShieldAlert, SignalMedium, WifiOff } from "lucide-react";
import { useEffect, useRef } from "react";
import { useText } from "../../i18n";
import type { Catalogue } from "../../i18n/en";
import { encryptionOf, type Person, type Picture } from "../model";

export interface TileContent {
  key: string;
  person: Person;
  kind: "camera" | "screen";
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toLocaleUpperCase();
}

/** One of six calm grounds, always the same for the same identity. */
function ground(identity: string): number {
  let sum = 0;
  for (const character of identity) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return sum % 6;
}

function describe({ call, blocked, devices: _, ...text }: Catalogue, person: Person): string {
  const state = encryptionOf(person);
  return [
    person.speaking && call.speaking,
    !person.microphone && call.muted,
    !person.camera && call.pictureOff,
    person.quality === "poor" && call.qualityPoor,
    person.quality === "lost" && call.qualityLost,
    state && text.shield.state[state],
    state === "keyDiffers" && blocked.keyDiffers,
  ]
    .filter(Boolean)
    .join(", ");
}

function Moving({ picture, mirrored, fit }: { picture: Picture; mirrored: boolean; fit: "cover" | "contain" }) {
  const video = useRef<HTMLVideoElement>(null);
  const { track } = picture;
  useEffect(() => {
    const element = video.current;
    if (!track || !element) return;
    track.attach(element);
    return () => void track.detach(element);
  }, [track]);
  // Attached while it is still being checked, because a stream nobody attaches is not sent; seen only afterwards.
  const seen = picture.state === "encrypted";
  return (
    <video
      ref={video}
      className={`${fit}${mirrored ? " mirrored" : ""}${seen ? "" : " unseen"}`}
      muted
      playsInline
      autoPlay
    />
  );
}

function Blocked({
  picture,
  kind,
  sound,
}: {
  picture: Picture | undefined;
  kind: "camera" | "screen";
  sound: boolean;
}) {
  const { blocked } = useText();
  if (picture?.state === "keyDiffers" || (!picture && !sound))
    return (
      <div className="tile-blocked warn">
        <KeyRound size={28} aria-hidden="true" />
        <p>{blocked.keyDiffers}</p>
      </div>
    );
  return (
    <div className="tile-blocked bad">
      <ShieldAlert size={28} aria-hidden="true" />
      <p>{picture?.state === "refused" ? (kind === "screen" ? blocked.screen : blocked.picture) : blocked.sound}</p>
    </div>
  );
}

/** One person's picture, or what stands in its place and why. */
export function Tile({ content, large = false }: { content: TileContent; large?: boolean }) {
  const text = useText();
  const { person, kind } = content;
  const picture = kind === "screen" ? person.screen : person.camera;
  const screenName = person.self ? text.call.ownScreen : text.call.screenOf(person.name);
  const name = kind === "screen" ? screenName : person.self ? text.call.youNamed(person.name) : person.name;
  const state = picture?.state;
  const soundBad = kind === "camera" && (person.sound === "refused" || (person.sound === "keyDiffers" && !picture));
  const blocked = state === "refused" || state === "keyDiffers" || soundBad;
  const details =
    kind === "screen" ? (state && state !== "waiting" ? text.shield.state[state] : "") : describe(text, person);
  const classes = ["tile", large ? "large" : "", person.speaking && kind === "camera" ? "speaking" : ""];
  return (
    <figure className={classes.filter(Boolean).join(" ")} aria-label={text.call.tile(name, details)}>
      {picture && state !== "refused" && state !== "keyDiffers" && (
        <Moving
          picture={picture}
          mirrored={person.self && kind === "camera"}
          fit={kind === "screen" ? "contain" : "cover"}
        />
      )}
      {!picture && !blocked && (
        <div className={`face ground-${ground(person.identity)}`} aria-hidden="true">
          {initials(person.name)}
        </div>
      )}
      {(state === "checking" || state === "waiting") && (
        <div className="tile-waiting">
          <span className="spinner" aria-hidden="true" />
          {text.blocked.checking}
        </div>
      )}
      {blocked && (
        <Blocked picture={state === "encrypted" ? undefined : picture} kind={kind} sound={person.sound === "refused"} />
      )}
      <figcaption className="tile-name">
        {kind === "screen" ? (
          <MonitorUp size={16} aria-hidden="true" />
        ) : person.sound === "refused" ? (
          <ShieldAlert size={16} aria-hidden="true" className="muted" />
        ) : person.microphone ? (
          <Mic size={16} aria-hidden="true" className={person.speaking ? "voice" : "voice idle"} />
        ) : (
          <MicOff size={16} aria-hidden="true" className="muted" />
        )}
        <span className="tile-text" title={name}>
          {name}
        </span>
      </figcaption>
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
