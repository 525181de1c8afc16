import { useCallback, useEffect, useRef, useState } from "react";
import { watchLevel } from "../../devices/level";
import { hear, type MicrophoneNotice, NOTHING_HEARD } from "../../devices/microphoneNotice";

const EVERY_MS = 50;

/**
 * What the own microphone hears, measured here and sent nowhere.
 *
 * @param source the microphone's own track; undefined where there is none
 * @param open whether it is sent
 */
export function useMicrophoneNotice(
  source: MediaStreamTrack | undefined,
  open: boolean,
): { notice: MicrophoneNotice | undefined; dismiss: () => void } {
  const [notice, setNotice] = useState<MicrophoneNotice>();
  const hearing = useRef(NOTHING_HEARD);
  useEffect(() => {
    setNotice(undefined);
    if (!source || source.readyState === "ended") return;
    // A muted track gives silence; a copy of it hears on.
    const copy = source.clone();
    copy.enabled = true;
    hearing.current = NOTHING_HEARD;
    const stop = watchLevel(copy, (_, decibels) => {
      hearing.current = hear(hearing.current, decibels, open, EVERY_MS);
      setNotice(hearing.current.notice);
    });
    return () => {
      stop();
      copy.stop();
    };
  }, [source, open]);
  const dismiss = useCallback(() => {
    hearing.current = { ...hearing.current, heard: true, shownMs: 0, notice: undefined };
    setNotice(undefined);
  }, []);
  return { notice, dismiss };
}
