import { Mic, MicOff, Undo2, Video, VideoOff } from "lucide-react";
import { createPortal } from "react-dom";
import { useText } from "../../i18n";
import { maySend } from "../cap";
import type { CallState, LocalSource } from "../model";
import { largeContent, sharedScreens, useSpeaker } from "./stageContent";
import { Tile } from "./Tile";

/** The call in a small window above all others: who speaks or what is shared, the news, and what is needed at once. */
export function PipCall({
  into,
  state,
  stalled,
  kept,
  message,
  onToggle,
  onBack,
}: {
  into: Window;
  state: CallState;
  stalled: boolean;
  /** Key of what is kept large. */
  kept: string | undefined;
  /** The latest event: nobody joins unnoticed here either. */
  message: string;
  onToggle: (what: LocalSource) => void;
  onBack: () => void;
}) {
  const text = useText();
  const speaker = useSpeaker(state.people);
  const { sending, maySpeak, people } = state;
  const shared = sharedScreens(people).filter(({ person }) => !person.self);
  const large = largeContent(shared, people, "speaker", kept, speaker);
  const shown = large ?? (speaker && { key: speaker.identity, person: speaker, kind: "camera" as const });
  const busy = state.phase !== "connected";
  return createPortal(
    <div className="pip">
      {shown && <Tile content={shown} large stalled={stalled} />}
      <p className="pip-message" role="status">
        {stalled ? text.call.reconnecting : message}
      </p>
      <div className="pip-controls">
        <button
          type="button"
          className={sending.microphone ? "control" : "control off"}
          aria-label={maySpeak ? (sending.microphone ? text.call.mute : text.call.unmute) : text.call.floorClosed}
          disabled={busy || !maySpeak}
          onClick={() => onToggle("microphone")}
        >
          {sending.microphone ? <Mic size={22} aria-hidden="true" /> : <MicOff size={22} aria-hidden="true" />}
        </button>
        <button
          type="button"
          className={sending.camera ? "control" : "control off"}
          aria-label={sending.camera ? text.call.cameraStop : text.call.cameraStart}
          disabled={busy || !maySend(state.cap).camera}
          onClick={() => onToggle("camera")}
        >
          {sending.camera ? <Video size={22} aria-hidden="true" /> : <VideoOff size={22} aria-hidden="true" />}
        </button>
        <button type="button" className="control" aria-label={text.media.pipBack} onClick={onBack}>
          <Undo2 size={22} aria-hidden="true" />
        </button>
      </div>
    </div>,
    into.document.body,
  );
}
