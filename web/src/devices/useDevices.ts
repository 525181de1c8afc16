import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  VideoPresets,
} from "livekit-client";
import { useCallback, useEffect, useRef, useState } from "react";

export type LocalTrack = LocalAudioTrack | LocalVideoTrack;
type DeviceProblem = "none" | "denied" | "busy" | "missing";

export interface Devices {
  asking: boolean;
  camera: LocalVideoTrack | undefined;
  microphone: LocalAudioTrack | undefined;
  microphoneOn: boolean;
  cameraProblem: DeviceProblem;
  microphoneProblem: DeviceProblem;
  list: readonly MediaDeviceInfo[];
  speaker: string | undefined;
  toggleCamera: () => Promise<void>;
  toggleMicrophone: () => Promise<void>;
  choose: (kind: MediaDeviceKind, id: string) => Promise<void>;
  retry: () => void;
  /** Gives the tracks to the call, which stops them from now on. */
  handOver: () => LocalTrack[];
}

function deviceProblemOf(error: unknown): DeviceProblem {
  const name = error instanceof Error ? error.name : "";
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
  const [cameraProblem, setCameraProblem] = useState<DeviceProblem>("none");
  const [microphoneProblem, setMicrophoneProblem] = useState<DeviceProblem>("none");
  const [list, setList] = useState<readonly MediaDeviceInfo[]>([]);
  const [speaker, setSpeaker] = useState<string>();
  const held = useRef(new Set<LocalTrack>());

  const refresh = useCallback(async () => {
    setList((await navigator.mediaDevices.enumerateDevices()).filter((device) => device.deviceId !== ""));
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt is the reason to run again
  useEffect(() => {
    let unmounted = false;
    const tracks = held.current;
    const open = async () => {
      setAsking(true);
      // One permission prompt for both where the browser can; each by itself when that fails.
      const [video, audio] = await Promise.allSettled([openCamera(), openMicrophone()]);
      for (const result of [video, audio]) {
        if (result.status !== "fulfilled") continue;
        if (unmounted) result.value.stop();
        else tracks.add(result.value);
      }
      if (unmounted) return;
      setCamera(video.status === "fulfilled" ? video.value : undefined);
      setCameraProblem(video.status === "fulfilled" ? "none" : deviceProblemOf(video.reason));
      setMicrophone(audio.status === "fulfilled" ? audio.value : undefined);
      setMicrophoneProblem(audio.status === "fulfilled" ? "none" : deviceProblemOf(audio.reason));
      await refresh();
      setAsking(false);
    };
    void open();
    const changed = () => void refresh();
    navigator.mediaDevices.addEventListener("devicechange", changed);
    return () => {
      unmounted = true;
      navigator.mediaDevices.removeEventListener("devicechange", changed);
      for (const track of tracks) track.stop();
      tracks.clear();
    };
  }, [attempt, refresh]);

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
      setCameraProblem("none");
    } catch (error) {
      setCameraProblem(deviceProblemOf(error));
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
      setMicrophoneProblem("none");
    } catch (error) {
      setMicrophoneProblem(deviceProblemOf(error));
    }
  };

  const choose = async (kind: MediaDeviceKind, id: string) => {
    try {
      if (kind === "videoinput") await camera?.setDeviceId(id);
      else if (kind === "audioinput") await microphone?.setDeviceId(id);
      else setSpeaker(id);
    } catch (error) {
      if (kind === "videoinput") setCameraProblem(deviceProblemOf(error));
      else setMicrophoneProblem(deviceProblemOf(error));
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
    cameraProblem,
    microphoneProblem,
    list,
    speaker,
    toggleCamera,
    toggleMicrophone,
    choose,
    retry: () => setAttempt((n) => n + 1),
    handOver,
  };
}
