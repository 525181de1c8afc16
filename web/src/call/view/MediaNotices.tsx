import { Headphones, MicOff } from "lucide-react";
import { Button } from "../../components/Button";
import { useText } from "../../i18n";
import type { CallState } from "../model";
import type { CallActions } from "./CallView";
import { useDeviceChanges } from "./useDeviceChanges";
import { useMicrophoneNotice } from "./useMicrophoneNotice";

/** What there is to say about the own microphone and about devices that came or went. */
export function MediaNotices({
  state,
  actions,
  onDevices,
}: {
  state: CallState;
  actions: CallActions;
  onDevices: () => void;
}) {
  const text = useText();
  const { notice, dismiss } = useMicrophoneNotice(actions.microphone(), state.sending.microphone);
  const news = useDeviceChanges(actions.activeDevice, actions.fallBack, actions.switchDevice);
  const kinds = {
    audioinput: text.devices.microphone,
    videoinput: text.devices.camera,
    audiooutput: text.devices.speaker,
  };
  return (
    <>
      {notice === "silent" && (
        <div className="strip warn" role="alert">
          <MicOff size={20} aria-hidden="true" />
          {text.media.microphoneSilent}
          <Button onPress={onDevices}>{text.devices.settings}</Button>
          <Button onPress={dismiss}>{text.call.dismiss}</Button>
        </div>
      )}
      {notice === "mutedTalking" && state.maySpeak && (
        <div className="strip warn" role="status">
          <MicOff size={20} aria-hidden="true" />
          {text.media.mutedTalking}
          <Button onPress={() => void actions.setMicrophone(true)}>{text.devices.turnMicrophoneOn}</Button>
          <Button onPress={dismiss}>{text.call.dismiss}</Button>
        </div>
      )}
      {state.noise === "failed" && (
        <div className="strip warn" role="alert">
          {text.media.noiseFailed}
          <Button onPress={() => void actions.suppressNoise(false)}>{text.call.dismiss}</Button>
        </div>
      )}
      {news.lost.length > 0 && (
        <div className="strip warn" role="alert">
          <Headphones size={20} aria-hidden="true" />
          {news.lost
            .map(({ kind, label, next }) =>
              next ? text.media.deviceLost(label, kinds[kind], next.label) : text.media.deviceGone(label, kinds[kind]),
            )
            .join(" ")}
          <Button onPress={news.dismiss}>{text.call.dismiss}</Button>
        </div>
      )}
      {news.found.length > 0 && (
        <div className="strip" role="status">
          <Headphones size={20} aria-hidden="true" />
          {text.media.deviceFound([...new Set(news.found.map(({ label }) => label))].join(", "))}
          <Button onPress={news.use}>{text.media.deviceUse}</Button>
          <Button onPress={news.dismiss}>{text.call.dismiss}</Button>
        </div>
      )}
    </>
  );
}
