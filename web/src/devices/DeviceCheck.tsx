import { Mic, MicOff, Video, VideoOff, Volume2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Button, IconButton } from "../components/Button";
import { SelectField } from "../components/Field";
import { Notice } from "../components/Notice";
import { useText } from "../i18n";
import { playMelody, watchLevel } from "./level";
import { NetworkCheck } from "./NetworkCheck";
import type { Devices } from "./useDevices";

function Preview({ devices }: { devices: Devices }) {
  const text = useText();
  const video = useRef<HTMLVideoElement>(null);
  const { camera } = devices;
  useEffect(() => {
    const element = video.current;
    if (!camera || !element) return;
    camera.attach(element);
    return () => void camera.detach(element);
  }, [camera]);
  const says = devices.asking
    ? text.devices.asking
    : devices.cameraProblem === "missing"
      ? text.devices.cameraNone
      : text.devices.cameraOff;
  return (
    <div className="preview">
      <video ref={video} className="mirrored" muted playsInline hidden={!camera} aria-label={text.devices.preview} />
      {!camera && (
        <p className="preview-empty">
          <VideoOff size={28} aria-hidden="true" />
          {says}
        </p>
      )}
      <div className="preview-controls">
        <IconButton
          name={
            devices.microphone && devices.microphoneOn ? text.devices.turnMicrophoneOff : text.devices.turnMicrophoneOn
          }
          className={devices.microphone && devices.microphoneOn ? "round" : "round off"}
          onPress={() => void devices.toggleMicrophone()}
          isDisabled={devices.asking || devices.microphoneProblem === "missing"}
        >
          {devices.microphone && devices.microphoneOn ? <Mic aria-hidden="true" /> : <MicOff aria-hidden="true" />}
        </IconButton>
        <IconButton
          name={devices.camera ? text.devices.turnCameraOff : text.devices.turnCameraOn}
          className={devices.camera ? "round" : "round off"}
          onPress={() => void devices.toggleCamera()}
          isDisabled={devices.asking || devices.cameraProblem === "missing"}
        >
          {devices.camera ? <Video aria-hidden="true" /> : <VideoOff aria-hidden="true" />}
        </IconButton>
      </div>
    </div>
  );
}

function Meter({ devices }: { devices: Devices }) {
  const text = useText();
  const bar = useRef<HTMLDivElement>(null);
  const [heard, setHeard] = useState(false);
  const { microphone, microphoneOn } = devices;
  const source = microphone?.mediaStreamTrack;
  useEffect(() => {
    if (!source || !microphoneOn) return;
    let shown = 0;
    return watchLevel(source, (level) => {
      shown = Math.max(level, shown * 0.85);
      bar.current?.style.setProperty("--level", shown.toFixed(3));
      bar.current?.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
      if (level > 0.35) setHeard(true);
    });
  }, [source, microphoneOn]);
  const missing = devices.microphoneProblem === "missing";
  const says = missing
    ? text.devices.microphoneNone
    : !microphone || !microphoneOn
      ? text.devices.levelOff
      : heard
        ? text.devices.levelGood
        : text.devices.levelQuiet;
  return (
    <div className="stack-small">
      {/* biome-ignore lint/a11y/useSemanticElements: browsers draw <meter> each in its own way and colour */}
      <div
        ref={bar}
        className={microphone && microphoneOn ? "meter" : "meter off"}
        role="meter"
        aria-label={text.devices.level}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={0}
      />
      <p className="field-hint" role="status">
        {says}
      </p>
    </div>
  );
}

function Speaker({ devices }: { devices: Devices }) {
  const text = useText();
  const [playing, setPlaying] = useState(false);
  const [failed, setFailed] = useState(false);
  const speakers = devices.list.filter((device) => device.kind === "audiooutput");
  const play = async () => {
    setPlaying(true);
    setFailed(false);
    try {
      await playMelody(devices.speaker);
    } catch {
      setFailed(true);
    }
    setPlaying(false);
  };
  return (
    <div className="stack-small">
      {speakers.length > 0 && (
        <SelectField
          label={text.devices.speaker}
          choices={speakers.map((device, n) => ({
            id: device.deviceId,
            label: labelOf(device, text.devices.speaker, n),
          }))}
          value={devices.speaker ?? speakers[0]?.deviceId ?? null}
          onChange={(id) => void devices.choose("audiooutput", id)}
        />
      )}
      <div>
        <Button onPress={() => void play()} isDisabled={playing}>
          <Volume2 size={20} aria-hidden="true" />
          {text.devices.speakerTest}
        </Button>
      </div>
      <span className="field-hint" role="status">
        {playing ? text.devices.speakerPlaying : failed ? text.devices.failed : ""}
      </span>
    </div>
  );
}

export const labelOf = (device: MediaDeviceInfo, kind: string, n: number) => device.label || `${kind} ${n + 1}`;

/** Names the device that cannot be used, or both, and why. */
function Problem({ devices, why }: { devices: Devices; why: "denied" | "busy" }) {
  const text = useText();
  const [camera, microphone] = [devices.cameraProblem === why, devices.microphoneProblem === why];
  if (!camera && !microphone) return null;
  const what = camera && microphone ? "both" : camera ? "camera" : "microphone";
  return (
    <Notice tone="warn" title={text.devices[why][what]}>
      <p>{text.devices.hint[why]}</p>
      <Button look="plain" onPress={devices.retry}>
        {text.app.retry}
      </Button>
    </Notice>
  );
}

/** Preview, microphone level, speaker test and connection test, all before anybody sees or hears this person. */
export function DeviceCheck({ devices, joining }: { devices: Devices; joining: boolean }) {
  const text = useText();
  const cameras = devices.list.filter((device) => device.kind === "videoinput");
  const microphones = devices.list.filter((device) => device.kind === "audioinput");
  return (
    <section className="device-check" aria-label={text.devices.title}>
      <Preview devices={devices} />
      <Problem devices={devices} why="denied" />
      <Problem devices={devices} why="busy" />
      <Meter devices={devices} />
      <NetworkCheck wanted={!joining} />
      <details className="more-devices">
        <summary>{text.devices.settings}</summary>
        <div className="stack device-choices">
          {cameras.length > 0 && (
            <SelectField
              label={text.devices.camera}
              choices={cameras.map((device, n) => ({
                id: device.deviceId,
                label: labelOf(device, text.devices.camera, n),
              }))}
              value={devices.camera?.mediaStreamTrack.getSettings().deviceId ?? null}
              onChange={(id) => void devices.choose("videoinput", id)}
              isDisabled={!devices.camera}
            />
          )}
          {microphones.length > 0 && (
            <SelectField
              label={text.devices.microphone}
              choices={microphones.map((device, n) => ({
                id: device.deviceId,
                label: labelOf(device, text.devices.microphone, n),
              }))}
              value={devices.microphone?.mediaStreamTrack.getSettings().deviceId ?? null}
              onChange={(id) => void devices.choose("audioinput", id)}
              isDisabled={!devices.microphone}
            />
          )}
          <Speaker devices={devices} />
        </div>
      </details>
    </section>
  );
}
