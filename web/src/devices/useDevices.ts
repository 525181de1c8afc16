import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  VideoPresets,
} from "livekit-client";
import { useCallback, useEffect, useRef, useState } from "react";

export type OwnTrack = LocalAudioTrack | LocalVideoTrack;
export type Trouble = "none" | "denied" | "busy" | "missing";

export interface Devices {
  asking: boolean;
  camera: LocalVideoTrack | undefined;
  microphone: LocalAudioTrack | undefined;
  microphoneOn: boolean;
  cameraTrouble: Trouble;
  microphoneTrouble: Trouble;
  list: readonly MediaDeviceInfo[];
  speaker: string | undefined;
  toggleCamera: () => Promise<void>;
  toggleMicrophone: () => Promise<void>;
  choose: (kind: MediaDeviceKind, id: string) => Promise<void>;
  again: () => void;
  /** The tracks go on into the call; this hook lets go of them. */
  handOver: () => OwnTrack[];
}

function troubleOf(problem: unknown): Trouble {
  const name = problem instanceof Error ? problem.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  return "busy";
}

const openCamera = (deviceId?: string) =>
  createLocalVideoTrack({ resolution: VideoPresets.h540.resolution, ...(deviceId ? { deviceId } : {}) });
const openMicrophone = (deviceId?: string) => createLocalAudioTrack(deviceId ? { deviceId } : {});

/** Camera, microphone and speaker before the call. */
export function useDevices(): Devices {
  const [asking, setAsking] = useState(true);
  const [attempt, setAttempt] = useState(0);
  const [camera, setCamera] = useState<LocalVideoTrack>();
  const [microphone, setMicrophone] = useState<LocalAudioTrack>();
  const [microphoneOn, setMicrophoneOn] = useState(true);
  const [cameraTrouble, setCameraTrouble] = useState<Trouble>("none");
  const [microphoneTrouble, setMicrophoneTrouble] = useState<Trouble>("none");
  const [list, setList] = useState<readonly MediaDeviceInfo[]>([]);
  const [speaker, setSpeaker] = useState<string>();
  const held = useRef(new Set<OwnTrack>());

  const look = useCallback(async () => {
    setList((await navigator.mediaDevices.enumerateDevices()).filter((device) => device.deviceId !== ""));
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is the reason to run again
  useEffect(() => {
    let gone = false;
    const mine = held.current;
    const open = async () => {
      setAsking(true);
      // One question for both where the browser can; each by itself when that fails.
      const [video, audio] = await Promise.allSettled([openCamera(), openMicrophone()]);
      for (const result of [video, audio]) {
        if (result.status !== "fulfilled") continue;
        if (gone) result.value.stop();
        else mine.add(result.value);
      }
      if (gone) return;
      setCamera(video.status === "fulfilled" ? video.value : undefined);
      setCameraTrouble(video.status === "fulfilled" ? "none" : troubleOf(video.reason));
      setMicrophone(audio.status === "fulfilled" ? audio.value : undefined);
      setMicrophoneTrouble(audio.status === "fulfilled" ? "none" : troubleOf(audio.reason));
      await look();
      setAsking(false);
    };
    void open();
    const changed = () => void look();
    navigator.mediaDevices.addEventListener("devicechange", changed);
    return () => {
      gone = true;
      navigator.mediaDevices.removeEventListener("devicechange", changed);
      for (const track of mine) track.stop();
      mine.clear();
    };
  }, [attempt, look]);

  const toggleCamera = async () => {
    if (camera) {
      camera.stop();
      held.current.delete(camera);
      setCamera(undefined);
      return;
    }
    try {
      const opened = await openCamera();
      held.current.add(opened);
      setCamera(opened);
      setCameraTrouble("none");
    } catch (problem) {
      setCameraTrouble(troubleOf(problem));
    }
  };

  const toggleMicrophone = async () => {
    if (microphone) {
      if (microphoneOn) await microphone.mute();
      else await microphone.unmute();
      setMicrophoneOn(!microphoneOn);
      return;
    }
    try {
      const opened = await openMicrophone();
      held.current.add(opened);
      setMicrophone(opened);
      setMicrophoneOn(true);
      setMicrophoneTrouble("none");
    } catch (problem) {
      setMicrophoneTrouble(troubleOf(problem));
    }
  };

  const choose = async (kind: MediaDeviceKind, id: string) => {
    try {
      if (kind === "videoinput") await camera?.setDeviceId(id);
      else if (kind === "audioinput") await microphone?.setDeviceId(id);
      else setSpeaker(id);
    } catch (problem) {
      if (kind === "videoinput") setCameraTrouble(troubleOf(problem));
      else setMicrophoneTrouble(troubleOf(problem));
    }
  };

  const handOver = () => {
    const tracks = [...held.current];
    held.current.clear();
    return tracks;
  };

  return {
    asking,
    camera,
    microphone,
    microphoneOn,
    cameraTrouble,
    microphoneTrouble,
    list,
    speaker,
    toggleCamera,
    toggleMicrophone,
    choose,
    again: () => setAttempt((n) => n + 1),
    handOver,
  };
}
