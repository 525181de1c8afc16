import { useMemo, useSyncExternalStore } from "react";
import type { Site } from "../../api/portal";
import type { CallSession } from "../CallSession";
import { leads } from "../model";
import { type CallActions, CallView } from "./CallView";
import { useLead } from "./useLead";
import { useLeaveGuard } from "./useLeaveGuard";
import { useOwn } from "./useOwn";

interface CallProps {
  /** The meeting's. */
  id: string;
  call: CallSession;
  site: Site | undefined;
  keyMadeHere: boolean;
}

export function Call({ id, call, site, keyMadeHere }: CallProps) {
  const state = useSyncExternalStore(call.subscribe, call.state);
  const actions = useMemo(
    (): CallActions => ({
      toggle: call.toggle,
      setMicrophone: (on) => call.setMicrophone(on),
      switchDevice: (kind, id) => call.switchDevice(kind, id),
      activeDevice: (kind) => call.room.getActiveDevice(kind),
      fallBack: (kind, id) => call.switchDevice(kind, id, false),
      microphone: call.microphone,
      suppressNoise: call.noise.set,
      startAudio: call.startAudio,
      dismissAlarms: call.dismissAlarms,
      recheckKeys: call.recheckKeys,
      dismissRemoved: call.dismissRemoved,
      enlarge: call.enlarge,
      leave: () => call.leave(),
    }),
    [call],
  );
  const guard = useLeaveGuard();
  const lead = useLead(id, leads(state.role));
  const own = useOwn(id);
  return (
    <CallView
      state={state}
      actions={actions}
      lead={lead}
      own={own}
      level={call.level}
      data={call.data}
      guard={guard}
      site={site}
      keyMadeHere={keyMadeHere}
    />
  );
}
