import {
  createLocalAudioTrack,
  createLocalVideoTrack,
  type LocalAudioTrack,
  type LocalVideoTrack,
  VideoPresets,
} from "livekit-client";
import { useCallback, useEffect, useRef, useState } from "react";
import {
  type DeviceProblem,
  deviceChoices,
  deviceProblemOf,
  openChosen,
  rememberChoices,
  rememberDevice,
} from "./choices";

export type LocalTrack = LocalAudioTrack | LocalVideoTrack;

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

const openCamera = (chosen?: string) =>
  openChosen(chosen, (deviceId) =>
    createLocalVideoTrack({ resolution: VideoPresets.h540.resolution, ...(deviceId ? { deviceId } : {}) }),
  );
const openMicrophone = (chosen?: string) =>
  openChosen(chosen, (deviceId) => createLocalAudioTrack(deviceId ? { deviceId } : {}));

const unplugged = (track: LocalTrack | undefined) => track?.mediaStreamTrack.readyState === "ended";

/** Camera, microphone and speaker before the call. */
export function useDevices(): Devices {
  const [asking, setAsking] = useState(true);
  const [attempt, setAttempt] = useState(0);
  const [camera, setCamera] = useState<LocalVideoTrack>();
  const [microphone, setMicrophone] = useState<LocalAudioTrack>();
  const [microphoneOn, setMicrophoneOn] = useState(() => deviceChoices().microphoneOn);
  const [cameraProblem, setCameraProblem] = useState<DeviceProblem>("none");
  const [microphoneProblem, setMicrophoneProblem] = useState<DeviceProblem>("none");
  const [list, setList] = useState<readonly MediaDeviceInfo[]>([]);
  const [speaker, setSpeaker] = useState(() => deviceChoices().audiooutput);
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
      const chosen = deviceChoices();
      // One permission prompt for both where the browser can; each by itself when that fails.
      const [video, audio] = await Promise.allSettled([
        chosen.cameraOn ? openCamera(chosen.videoinput) : undefined,
        openMicrophone(chosen.audioinput),
      ]);
      for (const result of [video, audio]) {
        if (result.status !== "fulfilled" || !result.value) continue;
        if (unmounted) result.value.stop();
        else tracks.add(result.value);
      }
      if (unmounted) return;
      if (audio.status === "fulfilled" && !chosen.microphoneOn) await audio.value.mute();
      setCamera(video.status === "fulfilled" ? video.value : undefined);
      setCameraProblem(video.status === "fulfilled" ? "none" : deviceProblemOf(video.reason));
      setMicrophone(audio.status === "fulfilled" ? audio.value : undefined);
      setMicrophoneProblem(audio.status === "fulfilled" ? "none" : deviceProblemOf(audio.reason));
      await refresh();
      setAsking(false);
    };
    void open();
    const changed = () => {
      void refresh();
      // A headset that was pulled out: the browser's next one takes its place.
      if ([...tracks].some(unplugged)) setAttempt((n) => n + 1);
    };
    navigator.mediaDevices.addEventListener("devicechange", changed);
    return () => {
      unmounted = true;
      navigator.mediaDevices.removeEventListener("devicechange", changed);
      for (const track of tracks) track.stop();
      tracks.clear();
    };
  }, [attempt, refresh]);

  const swap = (old: LocalTrack | undefined, opened: LocalTrack) => {
    if (old) {
      old.stop();
      held.current.delete(old);
    }
    held.current.add(opened);
  };

  const startCamera = async (id: string | undefined) => {
    try {
      const opened = await openCamera(id);
      swap(camera, opened);
      setCamera(opened);
      setCameraProblem("none");
    } catch (error) {
      setCameraProblem(deviceProblemOf(error));
    }
  };

  const startMicrophone = async (id: string | undefined, on: boolean) => {
    try {
      const opened = await openMicrophone(id);
      if (!on) await opened.mute();
      swap(microphone, opened);
      setMicrophone(opened);
      setMicrophoneOn(on);
      setMicrophoneProblem("none");
    } catch (error) {
      setMicrophoneProblem(deviceProblemOf(error));
    }
  };

  const toggleCamera = async () => {
    rememberChoices({ cameraOn: !camera });
    if (!camera) return startCamera(deviceChoices().videoinput);
    camera.stop();
    held.current.delete(camera);
    setCamera(undefined);
  };

  const toggleMicrophone = async () => {
    const on = !(microphone && microphoneOn);
    rememberChoices({ microphoneOn: on });
    if (!microphone) return startMicrophone(deviceChoices().audioinput, true);
    await (on ? microphone.unmute() : microphone.mute());
    setMicrophoneOn(on);
  };

  const choose = async (kind: MediaDeviceKind, id: string) => {
    rememberDevice(kind, id);
    if (kind === "videoinput") await startCamera(id);
    else if (kind === "audioinput") await startMicrophone(id, microphoneOn);
    else setSpeaker(id);
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
